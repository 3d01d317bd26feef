const TABLES = 8;

/** Tables for the CRC-32 of gzip (polynomial 0xedb88320), eight bytes a step. */
const TABLE = new Int32Array(256 * TABLES);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  TABLE[byte] = crc;
}
for (let byte = 0; byte < 256; byte++) {
  for (let table = 1; table < TABLES; table++) {
    const before = TABLE[(table - 1) * 256 + byte]!;
    TABLE[table * 256 + byte] = (before >>> 8) ^ TABLE[before & 0xff]!;
  }
}

/** The checksum that gzip keeps behind the data (RFC 1952). */
export class Crc32 {
  private crc = -1;

  update(bytes: Uint8Array): void {
    let crc = this.crc;
    let i = 0;
    for (const stop = bytes.length - 7; i < stop; i += 8) {
      const first = crc ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
      crc =
        TABLE[1792 + (first & 0xff)]! ^
        TABLE[1536 + ((first >>> 8) & 0xff)]! ^
        TABLE[1280 + ((first >>> 16) & 0xff)]! ^
        TABLE[1024 + (first >>> 24)]! ^
        TABLE[768 + bytes[i + 4]!]! ^
        TABLE[512 + bytes[i + 5]!]! ^
        TABLE[256 + bytes[i + 6]!]! ^
        TABLE[bytes[i + 7]!]!;
    }
    for (; i < bytes.length; i++) crc = TABLE[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
    this.crc = crc;
  }

  /** As an unsigned number. */
  get value(): number {
    return ~this.crc >>> 0;
  }
}
