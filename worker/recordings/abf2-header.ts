/**
 * The header of an ABF 2 file as typed records: only the fields that decide what V and the command are. Numbers that would make
 * every later number wrong (scale factors that are zero or not finite, an impossible sampling interval) are refused here.
 *
 * Byte offsets: Molecular Devices' ABF 2 structures (ABF_FileInfo, ABF_ProtocolInfo, ABF_ADCInfo, ABF_DACInfo, ABF_EpochInfoPerDAC),
 * without padding. Field names in messages are theirs.
 */
import { readSection, recordsOf } from './abf2-sections.ts';
import type { FileBytes, Section } from './abf2-sections.ts';
import { readStrings } from './abf2-strings.ts';
import { refusal } from './refusal.ts';

export interface Adc {
  readonly name: string;
  readonly unit: string;
  /** user units per digit, and user units at digit 0 */
  readonly scale: number;
  readonly offset: number;
}

export interface Epoch {
  /** 1 step, 2 ramp, 3 pulse train; 0 off; others are not rebuilt */
  readonly type: number;
  readonly level: number;
  readonly levelIncrement: number;
  /** samples */
  readonly duration: number;
  readonly durationIncrement: number;
  readonly pulsePeriod: number;
  readonly pulseWidth: number;
}

/** One output and its protocol. */
export interface Dac {
  readonly name: string;
  readonly unit: string;
  readonly holdingLevel: number;
  readonly waveformEnabled: boolean;
  /** 1: the epochs; 2: another file */
  readonly waveformSource: number;
  /** The last level stays when the epochs are over, through the start of the next sweep. */
  readonly keepsLastLevel: boolean;
  readonly epochs: readonly Epoch[];
}

export interface Abf2Header {
  readonly version: string;
  readonly operationMode: number;
  readonly sampleMs: number;
  /** samples of all channels in one sweep, as the protocol has it; 0 in gap-free recordings */
  readonly samplesPerEpisode: number;
  readonly episodes: number;
  readonly adcs: readonly Adc[];
  readonly dacs: readonly Dac[];
  /** Something other than the epoch table changes the command from sweep to sweep. */
  readonly commandOverridden: boolean;
  readonly samples: Section;
  readonly format: 'int16' | 'float32';
  /** start and length of each sweep, ms and samples of all channels; empty when the file has none */
  readonly synch: readonly { readonly startMs: number; readonly samples: number }[];
}

/** RECORDING_CORRUPT or RECORDING_UNSUPPORTED with the section and field. `bytes` has the ABF2 signature. */
export function readHeader(bytes: FileBytes): Abf2Header {
  if (bytes.view.byteLength < 512)
    throw refusal('RECORDING_CORRUPT', bytes.file, {
      rule: 'an ABF 2 file has a header of 512 bytes',
      got: `${bytes.view.byteLength} bytes`,
    });
  const strings = readStrings(bytes, required(bytes, 'Strings'));
  const protocol = first(recordsOf(bytes, required(bytes, 'Protocol')));
  const adcs = recordsOf(bytes, required(bytes, 'ADC'));
  return {
    version: version(bytes),
    operationMode: protocol.getInt16(0, true),
    sampleMs: positive(bytes, 'Protocol: fADCSequenceInterval', protocol.getFloat32(2, true)) / 1000,
    samplesPerEpisode: protocol.getInt32(22, true),
    episodes: bytes.view.getUint32(12, true),
    adcs: adcs.map((record, index) => readAdc(bytes, strings, protocol, record, `ADC ${index}`)),
    dacs: readDacs(bytes, strings),
    commandOverridden:
      protocol.getInt16(182, true) !== 0 || recordsOf(bytes, readSection(bytes, 'UserList')).some((list) => list.getInt16(2, true) !== 0),
    samples: required(bytes, 'Data'),
    format: format(bytes),
    synch: readSynch(bytes, protocol, adcs.length),
  };
}

function required(bytes: FileBytes, name: 'Strings' | 'Protocol' | 'ADC' | 'Data'): Section {
  const section = readSection(bytes, name);
  if (section.records > 0) return section;
  throw refusal('RECORDING_CORRUPT', bytes.file, {
    place: `${name} section`,
    rule: 'a recording needs at least one record here',
    got: '0',
  });
}

function version({ file, view }: FileBytes): string {
  const [minor, major] = [view.getUint8(6), view.getUint8(7)];
  if (major === 2) return `${major}.${minor}`;
  throw refusal('RECORDING_UNSUPPORTED', file, { place: 'fFileVersionNumber', rule: 'ABF version 2 is read', got: `${major}.${minor}` });
}

function format({ file, view }: FileBytes): Abf2Header['format'] {
  const code = view.getUint16(30, true);
  if (code === 0) return 'int16';
  if (code === 1) return 'float32';
  throw refusal('RECORDING_CORRUPT', file, {
    place: 'nDataFormat',
    rule: 'must be 0 (16-bit integers) or 1 (32-bit floats)',
    got: String(code),
  });
}

/** User units = digit * range / resolution / (all gains) + instrument offset - signal offset (recordings/README.md, rule 4). */
function readAdc(bytes: FileBytes, strings: readonly string[], protocol: DataView, record: DataView, place: string): Adc {
  const gain = (field: string, offset: number): number => nonZero(bytes, `${place}: ${field}`, record.getFloat32(offset, true));
  const telegraph = record.getInt16(2, true) === 0 ? 1 : gain('fTelegraphAdditGain', 6);
  const gains = gain('fInstrumentScaleFactor', 40) * gain('fSignalGain', 48) * gain('fADCProgrammableGain', 28) * telegraph;
  const range = positive(bytes, 'Protocol: fADCRange', protocol.getFloat32(110, true));
  const resolution = positive(bytes, 'Protocol: lADCResolution', protocol.getInt32(118, true));
  return {
    name: text(strings, record.getInt32(74, true)) || place,
    unit: text(strings, record.getInt32(78, true)),
    scale: nonZero(bytes, `${place}: scale`, range / resolution / gains),
    offset: finite(bytes, `${place}: offset`, record.getFloat32(44, true) - record.getFloat32(52, true)),
  };
}

function readDacs(bytes: FileBytes, strings: readonly string[]): Dac[] {
  const epochs = recordsOf(bytes, readSection(bytes, 'EpochPerDAC'));
  return recordsOf(bytes, readSection(bytes, 'DAC')).map((record, index) => {
    const number = record.getInt16(0, true);
    return {
      name: text(strings, record.getInt32(24, true)) || `DAC ${index}`,
      unit: text(strings, record.getInt32(28, true)),
      holdingLevel: record.getFloat32(12, true),
      waveformEnabled: record.getInt16(40, true) === 1,
      waveformSource: record.getInt16(42, true),
      keepsLastLevel: record.getInt16(44, true) === 1,
      epochs: epochs
        .filter((epoch) => epoch.getInt16(2, true) === number)
        .toSorted((a, b) => a.getInt16(0, true) - b.getInt16(0, true))
        .map(readEpoch),
    };
  });
}

function readEpoch(record: DataView): Epoch {
  return {
    type: record.getInt16(4, true),
    level: record.getFloat32(6, true),
    levelIncrement: record.getFloat32(10, true),
    duration: record.getInt32(14, true),
    durationIncrement: record.getInt32(18, true),
    pulsePeriod: record.getInt32(22, true),
    pulseWidth: record.getInt32(26, true),
  };
}

/** Starts are in units of fSynchTimeUnit (us), or, where that is 0, in samples of all channels. */
function readSynch(bytes: FileBytes, protocol: DataView, channels: number): Abf2Header['synch'] {
  const unitUs = finite(bytes, 'Protocol: fSynchTimeUnit', protocol.getFloat32(14, true)) || protocol.getFloat32(2, true) / channels;
  return recordsOf(bytes, readSection(bytes, 'SynchArray')).map((record) => ({
    startMs: (record.getInt32(0, true) * unitUs) / 1000,
    samples: record.getInt32(4, true),
  }));
}

function text(strings: readonly string[], number: number): string {
  return strings[number]?.trim() ?? '';
}

function first<T>(values: readonly T[]): T {
  const [value] = values;
  if (value === undefined) throw new Error('internal: a required section is empty');
  return value;
}

function finite({ file }: FileBytes, place: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw refusal('RECORDING_CORRUPT', file, { place, rule: 'must be a finite number', got: String(value) });
}

function nonZero(bytes: FileBytes, place: string, value: number): number {
  if (finite(bytes, place, value) !== 0) return value;
  throw refusal('RECORDING_CORRUPT', bytes.file, { place, rule: 'must not be 0', got: '0' });
}

function positive(bytes: FileBytes, place: string, value: number): number {
  if (finite(bytes, place, value) > 0) return value;
  throw refusal('RECORDING_CORRUPT', bytes.file, { place, rule: 'must be greater than 0', got: String(value) });
}
