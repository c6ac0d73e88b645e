/**
 * What both generations of Axon Binary Format say about a recording, and the checks that they share: only the fields that decide what V
 * and the command are. abf1-header.ts and abf2-header.ts fill it; abf.ts makes a recording of it. Field names in messages are Molecular Devices'.
 */
import { refusal } from './refusal.ts';

/** The file's path, for messages, and its content. */
export interface FileBytes {
  readonly file: string;
  readonly view: DataView;
}

export interface Adc {
  readonly name: string;
  readonly unit: string;
  /** user units per digit, and user units at digit 0 */
  readonly scale: number;
  readonly offset: number;
}

export interface Epoch {
  /** position in the protocol, from 0: A, B, C ... */
  readonly number: number;
  /** 0 off; what is rebuilt stands in abf-command.ts */
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

export interface AbfHeader {
  readonly version: string;
  readonly operationMode: number;
  readonly sampleMs: number;
  /** samples of all channels in one sweep, as the protocol has it; 0 in gap-free recordings */
  readonly samplesPerEpisode: number;
  readonly episodes: number;
  readonly adcs: readonly Adc[];
  readonly dacs: readonly Dac[];
  /** Something other than the epoch table changes the command: a user list, outputs that take turns, a conditioning train. */
  readonly commandOverridden: boolean;
  readonly format: SampleFormat;
  /** byte of the first sample; samples of all channels in the file. They lie inside the file. */
  readonly samples: { readonly offset: number; readonly count: number };
  /** start of each sweep in ms and its length in the file's own unit; empty when the file has none */
  readonly synch: readonly { readonly startMs: number; readonly length: number }[];
  /** us per unit of time in that array */
  readonly synchUnitUs: number;
}

export type SampleFormat = 'int16' | 'float32';

export const SAMPLE_BYTES: Readonly<Record<SampleFormat, number>> = { int16: 2, float32: 4 };

export function sampleFormat({ file }: FileBytes, code: number): SampleFormat {
  if (code === 0) return 'int16';
  if (code === 1) return 'float32';
  throw refusal('RECORDING_CORRUPT', file, {
    place: 'nDataFormat',
    rule: 'must be 0 (16-bit integers) or 1 (32-bit floats)',
    got: String(code),
  });
}

/** The fields of one input that scale its digits; `place` names it in messages. */
export interface Scaling {
  readonly place: string;
  readonly range: number;
  readonly resolution: number;
  readonly scaleFactor: number;
  readonly signalGain: number;
  readonly programmableGain: number;
  /** undefined where telegraphs are off */
  readonly telegraphGain: number | undefined;
  readonly instrumentOffset: number;
  readonly signalOffset: number;
}

/** User units = digit * range / resolution / (all gains) + instrument offset - signal offset (recordings/README.md, rule 4). */
export function adcScaling(bytes: FileBytes, scaling: Scaling): Pick<Adc, 'scale' | 'offset'> {
  const { place } = scaling;
  const gains =
    nonZero(bytes, `${place}: fInstrumentScaleFactor`, scaling.scaleFactor) *
    nonZero(bytes, `${place}: fSignalGain`, scaling.signalGain) *
    nonZero(bytes, `${place}: fADCProgrammableGain`, scaling.programmableGain) *
    (scaling.telegraphGain === undefined ? 1 : nonZero(bytes, `${place}: fTelegraphAdditGain`, scaling.telegraphGain));
  const range = positive(bytes, 'Protocol: fADCRange', scaling.range);
  const resolution = positive(bytes, 'Protocol: lADCResolution', scaling.resolution);
  return {
    scale: nonZero(bytes, `${place}: scale`, range / resolution / gains),
    offset: finite(bytes, `${place}: offset`, scaling.instrumentOffset - scaling.signalOffset),
  };
}

export function finite({ file }: FileBytes, place: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw refusal('RECORDING_CORRUPT', file, { place, rule: 'must be a finite number', got: String(value) });
}

function nonZero(bytes: FileBytes, place: string, value: number): number {
  if (finite(bytes, place, value) !== 0) return value;
  throw refusal('RECORDING_CORRUPT', bytes.file, { place, rule: 'must not be 0', got: '0' });
}

export function positive(bytes: FileBytes, place: string, value: number): number {
  if (finite(bytes, place, value) > 0) return value;
  throw refusal('RECORDING_CORRUPT', bytes.file, { place, rule: 'must be greater than 0', got: String(value) });
}
