import type { FileHeader } from './fileHeader';
import { OptionId } from './fileOptions';
import type { FileRanges } from './fileRanges';
import { SequentialReader } from './sequentialReader';

/** Flag of a section: its data is one compressed block, or compressed chunks of trace data. */
const COMPRESSED = 1;
/** Bytes of a section's head: id, flags, name, size. */
const HEAD_SIZE = 16;
/** trace-cmd numbers sections from 0 to 25 and knows one flag: in other bytes there is no section. */
const HIGHEST_ID = 255;
/** Of a kernel's recording there are some 10, and two more for each instance. */
const MOST_SECTIONS = 1 << 12;

/** The head of a section of version 7 (trace-cmd.dat.v7(5)). */
export interface SectionHead {
  readonly id: number;
  readonly isCompressed: boolean;
  /** Offset of the head. */
  readonly offset: number;
  /** Offset of the first byte behind the head. */
  readonly dataOffset: number;
  /** Bytes behind the head, as the head says; trace-cmd writes it when the section is complete, and 0 before. */
  readonly size: number;
}

/** A section that was found without the list of sections. */
export interface FoundSection extends SectionHead {
  /** Offset behind its last byte in the file. */
  readonly end: number;
  /** It should go on behind the end of the file, or nobody wrote how far it goes. */
  readonly isCutOff: boolean;
}

/** What {@link walkSections} came across. */
interface SectionWalk {
  readonly sections: readonly FoundSection[];
  /** Where something else stands than a section, null where the file ends after the last one. */
  readonly strayOffset: number | null;
}

/** The head of the section at `offset`, or null where the file ends before its end. */
export async function readSectionHead(
  file: FileRanges,
  { littleEndian }: FileHeader,
  offset: number,
): Promise<SectionHead | null> {
  const bytes = await file.read(offset, HEAD_SIZE);
  if (bytes.length < HEAD_SIZE) return null;
  const reader = SequentialReader.overBytes(bytes, littleEndian, offset);
  const id = await reader.u16('the id of a section');
  const flags = await reader.u16('the flags of a section');
  await reader.skip(4, 'the name of a section');
  const size = await reader.u64('the size of a section');
  return { id, isCompressed: (flags & COMPRESSED) !== 0, offset, dataOffset: offset + HEAD_SIZE, size };
}

/** Goes from section to section by their sizes, from the first one behind the head of the file on. */
export async function walkSections(file: FileRanges, header: FileHeader): Promise<SectionWalk> {
  const sections: FoundSection[] = [];
  let offset = header.end;
  while (sections.length < MOST_SECTIONS) {
    const head = await readSectionHead(file, header, offset);
    if (!head) return { sections, strayOffset: null };
    if (head.id > HIGHEST_ID) break;
    if (head.id === OptionId.done && head.size === 0) break;
    const section = await extentOf(file, header, head);
    sections.push(section);
    offset = section.end;
  }
  return { sections, strayOffset: offset };
}

async function extentOf(file: FileRanges, header: FileHeader, head: SectionHead): Promise<FoundSection> {
  const { dataOffset, size } = head;
  const isWhole = size > 0 ? size <= file.size - dataOffset : await beginsSection(file, header, dataOffset);
  return { ...head, end: isWhole ? dataOffset + size : file.size, isCutOff: !isWhole };
}

/** Whether a section of a buffer without any data ends at once: the options that name it follow. */
async function beginsSection(file: FileRanges, header: FileHeader, offset: number): Promise<boolean> {
  const next = await readSectionHead(file, header, offset);
  return next?.id === OptionId.done && next.size > 0 && next.size <= file.size - next.dataOffset;
}
