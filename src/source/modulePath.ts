/** Does the file look like a part of the module? `nf_tables` is also written nf-tables, and may be a folder or a file. */
export function pathHasModule(path: string, module: string): boolean {
  const name = module.replaceAll('-', '_');
  return path.split('/').some((part) => part.replace(/\.[chS]$/, '').replaceAll('-', '_') === name);
}
