/**
 * The section table of an ABF 2 file: where each kind of record lies, how long a record is and how many there are. Everything is
 * checked against the length of the file here, before anything is read or allocated; later readers cannot leave the file.
 *
 * Layout (Axon Binary File 2, little endian): the table starts at byte 76, 16 bytes per section: block (uint32, 512 bytes each), bytes
 * per record (uint32), records (int64).
 */
import type { FileBytes } from './abf-header.ts';
import { refusal } from './refusal.ts';

const BLOCK_BYTES = 512;

/** Offset of the entry in the table; bytes of a record that this reader looks at; most records that make sense. */
const SECTIONS = {
  Protocol: { at: 76, bytes: 184, most: 1 },
  ADC: { at: 92, bytes: 82, most: 64 },
  DAC: { at: 108, bytes: 46, most: 64 },
  EpochPerDAC: { at: 156, bytes: 30, most: 1000 },
  UserList: { at: 172, bytes: 4, most: 64 },
  Strings: { at: 220, bytes: 1, most: Infinity },
  Data: { at: 236, bytes: 2, most: Infinity },
  SynchArray: { at: 316, bytes: 8, most: Infinity },
} as const;

export type SectionName = keyof typeof SECTIONS;

export interface Section {
  readonly name: SectionName;
  /** byte of the first record */
  readonly offset: number;
  readonly recordBytes: number;
  readonly records: number;
}

/** An empty section has no records and no place. RECORDING_CORRUPT when it does not lie in the file, or is of impossible size. */
export function readSection(bytes: FileBytes, name: SectionName): Section {
  const { at, bytes: needed, most } = SECTIONS[name];
  const offset = bytes.view.getUint32(at, true) * BLOCK_BYTES;
  const recordBytes = bytes.view.getUint32(at + 4, true);
  const records = Number(bytes.view.getBigInt64(at + 8, true));
  const section = { name, offset, recordBytes, records };
  if (records === 0) return section;
  const wrong = (rule: string, got: string) => refusal('RECORDING_CORRUPT', bytes.file, { place: `${name} section`, rule, got });
  if (records < 0 || records > most)
    throw wrong(`the number of records must be from 0 to ${Math.min(most, bytes.view.byteLength)}`, String(records));
  if (recordBytes < needed) throw wrong(`a record must have at least ${needed} bytes`, String(recordBytes));
  if (offset < BLOCK_BYTES || offset + records * recordBytes > bytes.view.byteLength)
    throw wrong(
      `the section must lie after the header and inside the file of ${bytes.view.byteLength} bytes`,
      `bytes ${offset} to ${offset + records * recordBytes}`,
    );
  return section;
}

/** A view of each record, `recordBytes` long. */
export function recordsOf(bytes: FileBytes, section: Section): DataView[] {
  return Array.from({ length: section.records }, (_, index) => {
    const start = bytes.view.byteOffset + section.offset + index * section.recordBytes;
    return new DataView(bytes.view.buffer, start, section.recordBytes);
  });
}
