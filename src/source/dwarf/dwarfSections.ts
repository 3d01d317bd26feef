/** The debug sections of a file, opened when they are first needed. */
import { addressBaseOf, type AddressBase } from '../elf/addressBase';
import { sectionNamed, type ElfFile } from '../elf/elfFile';
import type { Now } from '../elf/rangeSource';
import { SectionBytes } from '../elf/sectionBytes';
import { SectionWindow } from '../elf/sectionWindow';
import type { SymbolTable } from '../elf/symbolTable';
import { EntryReader } from './entryReader';

const SECTION_NAMES = [
  'info',
  'abbrev',
  'aranges',
  'line',
  'str',
  'line_str',
  'str_offsets',
  'addr',
  'ranges',
  'rnglists',
] as const;
type SectionName = (typeof SECTION_NAMES)[number];

export class DwarfSections {
  /** What the addresses of the file count from. */
  readonly base: AddressBase;
  /** The one reader of entries and what it reads from: be done with them before anything is waited for. */
  readonly entries = new EntryReader();
  readonly info: SectionWindow;

  private constructor(
    readonly elf: ElfFile,
    private readonly opened: ReadonlyMap<SectionName, SectionBytes>,
  ) {
    this.base = addressBaseOf(elf.base);
    this.info = new SectionWindow(this.get('info'), elf.isLittle);
  }

  /** @param symbols those of the file; needed for relocations only */
  static async open(elf: ElfFile, symbols: () => Promise<SymbolTable>): Promise<DwarfSections> {
    const opened = new Map<SectionName, SectionBytes>();
    const relocating = elf.isRelocatable ? await symbols() : null;
    for (const name of SECTION_NAMES) {
      const section = sectionNamed(elf, `.debug_${name}`) ?? sectionNamed(elf, `.zdebug_${name}`);
      if (section !== null) opened.set(name, await SectionBytes.open(elf, section, relocating));
    }
    return new DwarfSections(elf, opened);
  }

  get isLittle(): boolean {
    return this.elf.isLittle;
  }

  get(name: SectionName): SectionBytes {
    return this.opened.get(name) ?? SectionBytes.empty(this.elf);
  }

  str(offset: number): Now<string> {
    return this.get('str').string(offset);
  }

  lineStr(offset: number): Now<string> {
    return this.get('line_str').string(offset);
  }

  /** `offset` is where in the section. */
  problem(name: SectionName, offset: number, message: string): void {
    this.elf.problems.add(`.debug_${name}`, offset, message);
  }
}
