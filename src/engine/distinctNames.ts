/** Names of open files for people: no more of a path than tells it from the others, as tabs have it. */
import { isUri } from './workspaceFiles';

/** Of a path that is none of those it was made for, the last part. */
export type NameOf = (path: string) => string;

/** What a shell makes of `<(…)`: its number alone says nothing. */
const PIPE_OF_SHELL = /^\/(?:dev|proc\/self)\/fd\/\d+$/;

/** The last part of a path or URI, as people read it. */
export function baseName(path: string): string {
  return PIPE_OF_SHELL.test(path) ? path : tailOf(path, 1);
}

/** `trace.dat` where one file is called so; `before/trace.dat` and `after/trace.dat` where two are. */
export function distinctNames(paths: Iterable<string>): NameOf {
  const alike = new Map<string, Set<string>>();
  for (const path of paths) {
    const name = baseName(path);
    const others = alike.get(name);
    if (others === undefined) alike.set(name, new Set([path]));
    else others.add(path);
  }
  return (path) => {
    const name = baseName(path);
    const others = [...(alike.get(name) ?? [])].filter((other) => other !== path);
    let longer = name;
    for (let depth = 2; depth <= partsOf(path).length; depth++) {
      const isTaken = others.some((other) => tailOf(other, depth - 1) === longer);
      if (!isTaken) break;
      longer = tailOf(path, depth);
    }
    return longer;
  };
}

function tailOf(path: string, depth: number): string {
  const parts = partsOf(path);
  const tail = parts.length === 0 ? path : parts.slice(-depth).join('/');
  // A path of this machine may have a percent sign in it.
  return isUri(path) ? tail.replace(/(?:%[0-9A-F]{2})+/g, decodeURIComponent) : tail;
}

function partsOf(path: string): readonly string[] {
  return path.split(/[/\\]/).filter((part) => part !== '');
}
