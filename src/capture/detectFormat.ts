import { BLANK, NEWLINE, RETURN, TAB, lineEndOf, startsWith } from './ascii';
import { excerpt } from './excerpt';
import { isQuoted } from './quotedLines';

/** How many bytes of a file are looked at to tell what it is. */
export const HEAD_LENGTH = 1 << 16;

/** With others the kernel prints lines that nobody can make events of (print_trace_line() of kernel/trace/trace.c). */
export const DEFAULT_OPTIONS =
  'recorded with the default output options (context-info on; raw, hex, bin and verbose off)';

/** Where the header of a tar archive's first file says that it is one (POSIX ustar, GNU). */
const TAR_MAGIC_OFFSET = 257;
/** Letters by which UTF-16 without a byte order mark is told. */
const WIDE_LETTERS = 12;

/** A kind of file that is no ftrace text. */
export interface OtherFormat {
  /** Slug for {@link Capture.format}. */
  readonly format: string;
  /** What was found, what was expected, what to do. */
  readonly message: string;
}

const EXPECTED =
  'expected ftrace text, "perf script" text, a trace.dat, a perf.data, a page_owner or page_pinner file, or a kernel ' +
  'log with page dumps';

const DECOMPRESS_ONCE = 'decompress it once before you open it';

/** Files that say at their first bytes what they are. */
const MAGICS: readonly (readonly [magic: readonly number[], format: string, what: string, advice: string])[] =
  [
    // What is compressed once is decompressed before anything looks at it here.
    [[0x1f, 0x8b], 'unknown', 'compressed once more, with gzip', DECOMPRESS_ONCE],
    [[0x28, 0xb5, 0x2f, 0xfd], 'unknown', 'compressed once more, with zstd', DECOMPRESS_ONCE],
    [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'unknown', 'compressed once more, with xz', DECOMPRESS_ONCE],
    [[0x7f, 0x45, 0x4c, 0x46], 'unknown', 'an ELF file', 'choose the trace instead'],
    [[0x42, 0x5a, 0x68], 'unknown', 'bzip2-compressed data', 'decompress it with "bzip2 -d" first'],
    [[0x04, 0x22, 0x4d, 0x18], 'unknown', 'lz4-compressed data', 'decompress it with "lz4 -d" first'],
    [[0x50, 0x4b, 0x03, 0x04], 'unknown', 'a zip archive', 'unpack it first'],
  ];

/** What a file is by its first bytes when these alone say that it is no ftrace text, else null. */
export function binaryFormat(head: Uint8Array): OtherFormat | null {
  if (head.length === 0) {
    return {
      format: 'empty',
      message: `the file is empty, ${EXPECTED}; record again or choose another file`,
    };
  }
  for (const [magic, format, what, advice] of MAGICS) {
    if (magic.every((byte, i) => head[i] === byte)) {
      return { format, message: `this is ${what}, ${EXPECTED}; ${advice}` };
    }
  }
  // A tar of texts looks like text, of which lines of one kind would be read, and those of several files as one.
  if (startsWith(head, TAR_MAGIC_OFFSET, 'ustar')) {
    return { format: 'unknown', message: `this is a tar archive, ${EXPECTED}; unpack it first` };
  }
  const utf16 = utf16Of(head);
  if (utf16 !== null) {
    return {
      format: 'unknown',
      message: `this is UTF-16 text, ${EXPECTED} in ASCII or UTF-8; convert it with "iconv -f ${utf16} -t UTF-8"`,
    };
  }
  return null;
}

/** Length of a UTF-8 byte order mark at the beginning. */
export function byteOrderMarkLength(head: Uint8Array): number {
  return head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0;
}

/** What a file is in which no line of a trace was found. */
export function foreignFormat(head: Uint8Array): OtherFormat {
  // Traces and kernel logs are read under the marks of a mail.
  if (isQuoted(head) && !isBinary(head)) {
    return {
      format: 'unknown',
      message: `lines of this text begin with ">", as in a quoted mail${beginning(head)}, ${EXPECTED}; remove these marks, or choose another file`,
    };
  }
  return {
    format: 'unknown',
    message: isBinary(head)
      ? `this is binary data of an unknown kind, ${EXPECTED}; choose another file`
      : `no line of a trace was found in this text${beginning(head)}, ${EXPECTED}; choose another ` +
        `file, or check that it was ${DEFAULT_OPTIONS}`,
  };
}

/** What a program said instead of giving a trace stands in its first words: `, which begins "ssh: connect to host …"`. */
function beginning(text: Uint8Array): string {
  const start = text.findIndex((byte) => byte > BLANK);
  if (start < 0) return '';
  const end = lineEndOf(text, start);
  return `, which begins ${excerpt(text, start, end < 0 ? text.length : end)}`;
}

/** What iconv calls the text's UTF-16, with a byte order mark or without, or null where it is none. */
function utf16Of(head: Uint8Array): string | null {
  if (head[0] === 0xff && head[1] === 0xfe && !(head[2] === 0 && head[3] === 0)) return 'UTF-16';
  if (head[0] === 0xfe && head[1] === 0xff) return 'UTF-16';
  if (isWideAscii(head, 0)) return 'UTF-16LE';
  return isWideAscii(head, 1) ? 'UTF-16BE' : null;
}

/** Whether the first pairs of bytes are a letter and a NUL each, the letter as the first (`at` is 0) or the second. */
function isWideAscii(head: Uint8Array, at: number): boolean {
  for (let i = 0; i < WIDE_LETTERS * 2; i += 2) {
    const letter = head[i + at];
    const isText =
      letter !== undefined && (letter >= BLANK || letter === TAB || letter === NEWLINE || letter === RETURN);
    if (!isText || letter > 0x7e || head[i + 1 - at] !== 0) return false;
  }
  return true;
}

/** NUL bytes in numbers do not occur in text. */
export function isBinary(head: Uint8Array): boolean {
  let zeros = 0;
  let controls = 0;
  for (const byte of head) {
    if (byte === 0) zeros++;
    else if (byte < 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09 && byte !== 0x1b) controls++;
  }
  return (zeros + controls) * 20 > head.length;
}
