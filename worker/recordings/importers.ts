/**
 * Which importer reads a file: told by its first bytes, never by its name. A new format is one importer and one line here.
 *
 * Reads the whole file into memory, so its size is bounded; devices and pipes, which may never end, are refused.
 */
import { readFile, stat } from 'node:fs/promises';
import type { CsvColumns } from '../../schemas/generated/types.ts';
import { importAbf } from './abf.ts';
import type { AbfHeader, FileBytes } from './abf-header.ts';
import { readAbf1Header } from './abf1-header.ts';
import { readAbf2Header } from './abf2-header.ts';
import { importAtf } from './atf.ts';
import { importCsv } from './csv.ts';
import { importItx } from './itx.ts';
import { importNwb } from './nwb.ts';
import type { ChannelChoice, Recording } from './recording.ts';
import { refusal } from './refusal.ts';

/** Decoded samples take up to eight times the bytes of the file. */
const MOST_BYTES = 256 * 2 ** 20;

export interface ImportOptions extends ChannelChoice {
  /** CSV only: which column is what */
  readonly columns?: CsvColumns;
  /** CSV only: V alone will do. */
  readonly currentOptional?: boolean;
}

type Importer = (file: string, content: Buffer, options: ImportOptions) => Recording | Promise<Recording>;

/** Formats that are told from their first bytes; whatever has none of these is a table as text. */
const IMPORTERS: readonly { readonly signature: string; readonly read: Importer }[] = [
  { signature: 'ABF2', read: (file, content, options) => abf({ file, view: viewOf(content) }, readAbf2Header, options) },
  { signature: 'ABF ', read: (file, content, options) => abf({ file, view: viewOf(content) }, readAbf1Header, options) },
  { signature: '\x89HDF\r\n\x1a\n', read: importNwb },
  { signature: 'ATF', read: (file, content, options) => importAtf(file, textOf(file, content), options) },
  { signature: 'IGOR', read: (file, content, options) => importItx(file, textOf(file, content), options) },
];

/** The recording in `file`. LoligoError RECORDING_NOT_READABLE, _FORMAT, _UNSUPPORTED, _CORRUPT or _CHANNEL, exit code 2. */
export async function importRecording(file: string, options: ImportOptions = {}): Promise<Recording> {
  const content = await readWhole(file);
  const format = IMPORTERS.find(({ signature }) => content.subarray(0, signature.length).toString('latin1') === signature);
  if (format !== undefined) return format.read(file, content, options);
  const recording = importCsv(file, textOf(file, content), options);
  refuseChannels(file, options);
  return recording;
}

/** A CSV file has columns: a channel that is asked for would be passed over in silence. */
function refuseChannels(file: string, { voltageChannel, currentChannel }: ChannelChoice): void {
  const got = voltageChannel ?? currentChannel;
  if (got === undefined) return;
  const rule = 'a CSV file has no channels to choose from';
  throw refusal('RECORDING_CHANNEL', file, { rule, got, remedy: 'Name its columns in "columns" (--columns of inspect).' });
}

function abf(bytes: FileBytes, readHeader: (bytes: FileBytes) => AbfHeader, options: ImportOptions): Recording {
  return importAbf(bytes, readHeader(bytes), options);
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

async function readWhole(file: string): Promise<Buffer> {
  try {
    const status = await stat(file);
    if (!status.isFile())
      throw refusal('RECORDING_NOT_READABLE', file, {
        rule: 'a recording is a regular file',
        got: status.isDirectory() ? 'a folder' : 'a device or pipe',
      });
    if (status.size > MOST_BYTES)
      throw refusal('RECORDING_UNSUPPORTED', file, {
        rule: `a recording may have ${MOST_BYTES} bytes`,
        got: String(status.size),
        remedy: 'Split it.',
      });
    return await readFile(file);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw refusal('RECORDING_NOT_READABLE', file, { rule: 'the file must exist and be readable', got: error.code, cause: error });
  }
}

function isSystemError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error;
}

/** UTF-8, or Latin 1 where the bytes are not UTF-8 (a micro sign from an older program). RECORDING_FORMAT for anything binary. */
function textOf(file: string, content: Buffer): string {
  if (content.length === 0) throw refusal('RECORDING_FORMAT', file, { rule: 'a recording must not be empty', got: '0 bytes' });
  if (content[0] === 0xff && content[1] === 0xfe)
    throw refusal('RECORDING_UNSUPPORTED', file, { rule: 'text must be UTF-8', got: 'UTF-16', remedy: 'Save it as UTF-8.' });
  if (content.includes(0))
    throw refusal('RECORDING_FORMAT', file, {
      rule: 'a recording is an ABF or NWB file, or a text: CSV, Axon (ATF) or Igor (ITX)',
      got: `bytes ${content.subarray(0, 8).toString('hex')} ...`,
    });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return content.toString('latin1');
  }
}
