/**
 * The strings of an ABF 2 file: names and units of channels, numbered from 1 and referred to by that number.
 *
 * Layout: the signature `SSCH`, version, number of strings, longest string and total length (uint32 each), 24 bytes of padding, then the
 * strings, each ended by a zero byte, in the ANSI code page of the recording computer (read as Latin 1: units need only the micro sign).
 */
import { refusal } from './refusal.ts';
import type { FileBytes } from './abf-header.ts';
import type { Section } from './abf2-sections.ts';

const SIGNATURE = 'SSCH';
const HEADER_BYTES = 44;

/** Strings by number; index 0 is empty. */
export function readStrings({ file, view }: FileBytes, section: Section): string[] {
  const length = section.recordBytes * section.records;
  const text = Buffer.from(view.buffer, view.byteOffset + section.offset, length).toString('latin1');
  if (!text.startsWith(SIGNATURE) || length < HEADER_BYTES)
    throw refusal('RECORDING_CORRUPT', file, { place: 'Strings section', rule: `the section must start with ${SIGNATURE}` });
  const count = view.getUint32(section.offset + 8, true);
  if (count > length)
    throw refusal('RECORDING_CORRUPT', file, {
      place: 'Strings section',
      rule: 'there must be room for every string',
      got: `${count} strings in ${length} bytes`,
    });
  return ['', ...text.slice(HEADER_BYTES).split('\0', count)];
}
