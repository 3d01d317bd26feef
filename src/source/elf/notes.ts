/** What tells which build a file is of. */
import { ByteCursor, stringAt } from './byteCursor';
import { sectionNamed, SectionType, type ElfFile } from './elfFile';
import { readRange } from './rangeSource';
import type { SymbolTable } from './symbolTable';

const NT_GNU_BUILD_ID = 3;
const LARGEST_NOTES = 1 << 16;
/** PATH_MAX, a build-id and some. */
const LARGEST_LINK = 1 << 13;

/** The build-id in lower-case hexadecimal digits, or null. */
export async function readBuildId(elf: ElfFile): Promise<string | null> {
  for (const section of elf.sections) {
    if (section.type !== SectionType.Note) continue;
    const bytes = await readRange(elf.source, section.offset, Math.min(section.size, LARGEST_NOTES));
    const cursor = new ByteCursor(bytes, elf.isLittle);
    while (!cursor.isAtEnd) {
      const nameSize = cursor.u32();
      const size = cursor.u32();
      const type = cursor.u32();
      const name = cursor.position;
      const description = name + padded(nameSize);
      if (cursor.isOverrun || description + size > bytes.length) break;
      if (type === NT_GNU_BUILD_ID && nameSize === 4 && stringAt(bytes, name) === 'GNU') {
        const id = bytes.subarray(description, description + size);
        return Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join('');
      }
      cursor.position = description;
      cursor.skip(padded(size));
    }
  }
  return null;
}

/**
 * The release of the kernel, such as 6.1.192: of a vmlinux by its linux_banner (init/version.c), of a module by the
 * vermagic in its .modinfo (include/linux/vermagic.h). Null when neither is there.
 */
export async function readKernelRelease(elf: ElfFile, symbols: SymbolTable): Promise<string | null> {
  const banner = symbols.named('linux_banner')[0];
  const section = banner === undefined ? undefined : elf.sections[symbols.sectionAt(banner)];
  if (banner !== undefined && section !== undefined && section.type !== SectionType.NoBits) {
    const offset = section.offset + symbols.valueAt(banner) - section.address;
    const text = stringAt(await readRange(elf.source, offset, 1024), 0);
    return /^Linux version (\S+)/.exec(text)?.[1] ?? null;
  }
  const information = sectionNamed(elf, '.modinfo');
  if (information === null) return null;
  const bytes = await readRange(elf.source, information.offset, Math.min(information.size, LARGEST_NOTES));
  const text = new TextDecoder('latin1').decode(bytes);
  return /(?:^|\0)vermagic=([^\s\0]+)/.exec(text)?.[1] ?? null;
}

/** Where the debug info was split off to (objcopy --add-gnu-debuglink). */
export interface DebugLink {
  /** Name of the file, as the section has it. */
  readonly name: string;
  /** CRC-32 of that file, as of gzip. */
  readonly checksum: number;
}

/** Null when the file says no other one. */
export async function readDebugLink(elf: ElfFile): Promise<DebugLink | null> {
  const bytes = await linkSection(elf, '.gnu_debuglink');
  const cursor = new ByteCursor(bytes, elf.isLittle);
  const name = stringAt(bytes, 0);
  cursor.skipString();
  cursor.position = padded(cursor.position);
  const checksum = cursor.u32();
  return cursor.isOverrun || name === '' ? null : { name, checksum };
}

/** Name of the file that dwz moved what several files have in common to (.gnu_debugaltlink); null when there is none. */
export async function readAlternate(elf: ElfFile): Promise<string | null> {
  const name = stringAt(await linkSection(elf, '.gnu_debugaltlink'), 0);
  return name === '' ? null : name;
}

async function linkSection(elf: ElfFile, name: string): Promise<Uint8Array> {
  const section = sectionNamed(elf, name);
  if (section === null) return new Uint8Array(0);
  return readRange(elf.source, section.offset, Math.min(section.size, LARGEST_LINK));
}

function padded(size: number): number {
  return Math.ceil(size / 4) * 4;
}
