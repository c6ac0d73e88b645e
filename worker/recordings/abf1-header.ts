/**
 * The header of Axon Binary Format 1.x: one fixed structure with arrays of 16 inputs, 4 outputs (2 of them with a protocol) and 10 epochs.
 * Versions before 1.6 end at byte 2048 and have one protocol, for the active output.
 *
 * Byte offsets: Axon Instruments' ABFFileHeader of version 1.83, little endian, without padding.
 */
import { adcScaling, finite, positive, SAMPLE_BYTES, sampleFormat } from './abf-header.ts';
import type { AbfHeader, Adc, Dac, Epoch, FileBytes, SampleFormat } from './abf-header.ts';
import { refusal } from './refusal.ts';

const BLOCK_BYTES = 512;
const OLD_HEADER_BYTES = 2048;
/** Up to and with the telegraphed gains. */
const EXTENDED_BYTES = 4640;
const INPUTS = 16;
const OUTPUTS = 4;
const WAVEFORMS = 2;
const EPOCHS = 10;
/** Parameters of a user list that leave the command as it is: start-to-start time, digital outputs, leak pulses. */
const HARMLESS_LISTS: readonly number[] = [7, 9, 10, ...Array.from({ length: EPOCHS }, (_, epoch) => 11 + epoch)];

/** RECORDING_CORRUPT or RECORDING_UNSUPPORTED with the field. `bytes` has the signature of ABF 1. */
export function readAbf1Header(bytes: FileBytes): AbfHeader {
  const { file, view } = bytes;
  if (view.byteLength < OLD_HEADER_BYTES)
    throw refusal('RECORDING_CORRUPT', file, {
      rule: `an ABF 1 file has a header of at least ${OLD_HEADER_BYTES} bytes`,
      got: `${view.byteLength} bytes`,
    });
  const version = readVersion(bytes);
  const extended = version >= 1.6;
  const format = sampleFormat(bytes, view.getInt16(100, true));
  const samples = sampleSection(bytes, format, extended);
  const inputs = recordedInputs(bytes);
  const intervalUs = positive(bytes, 'fADCSampleInterval', view.getFloat32(122, true));
  const synchUnitUs = finite(bytes, 'fSynchTimeUnit', view.getFloat32(130, true)) || intervalUs;
  return {
    version: (Math.floor(version * 10 + 1e-4) / 10).toFixed(1),
    operationMode: view.getInt16(8, true),
    sampleMs: (intervalUs * inputs.length) / 1000,
    samplesPerEpisode: view.getInt32(138, true),
    episodes: view.getInt32(16, true),
    adcs: inputs.map((input) => readAdc(bytes, input, extended)),
    dacs: extended ? Array.from({ length: WAVEFORMS }, (_, output) => readDac(bytes, output)) : [readOldDac(bytes)],
    commandOverridden: extended ? isOverridden(bytes) : isOldOverridden(bytes),
    format,
    samples,
    synch: readSynch(bytes, synchUnitUs),
    synchUnitUs,
  };
}

function readVersion(bytes: FileBytes): number {
  const version = finite(bytes, 'fFileVersionNumber', bytes.view.getFloat32(4, true));
  const wrong = (place: string, rule: string, got: string) => refusal('RECORDING_UNSUPPORTED', bytes.file, { place, rule, got });
  if (version < 1 || version >= 2) throw wrong('fFileVersionNumber', 'ABF version 1 is read', String(version));
  if (bytes.view.getInt16(38, true) !== 0) throw wrong('nMSBinFormat', 'numbers must be IEEE floats', 'Microsoft binary floats');
  return version;
}

function sampleSection(bytes: FileBytes, format: SampleFormat, extended: boolean): AbfHeader['samples'] {
  const { file, view } = bytes;
  const needed = extended ? EXTENDED_BYTES : OLD_HEADER_BYTES;
  const block = view.getInt32(40, true);
  const offset = block * BLOCK_BYTES + Math.max(0, view.getInt16(14, true)) * SAMPLE_BYTES[format];
  const count = view.getInt32(10, true);
  if (block * BLOCK_BYTES < needed)
    throw refusal('RECORDING_CORRUPT', file, {
      place: 'lDataSectionPtr',
      rule: `samples must lie after the header of ${needed} bytes`,
      got: `block ${block} of ${BLOCK_BYTES} bytes`,
    });
  const end = offset + count * SAMPLE_BYTES[format];
  if (count > 0 && end <= view.byteLength) return { offset, count };
  throw refusal('RECORDING_CORRUPT', file, {
    place: 'lActualAcqLength',
    rule: `the samples must lie inside the file of ${view.byteLength} bytes`,
    got: `${count} samples, which end at byte ${end}`,
    remedy: 'The file is damaged or was not copied to its end.',
  });
}

/** Physical numbers of the inputs in the order in which they are sampled; some programs leave that order out. */
function recordedInputs({ file, view }: FileBytes): number[] {
  const count = view.getInt16(120, true);
  if (count < 1 || count > INPUTS)
    throw refusal('RECORDING_CORRUPT', file, { place: 'nADCNumChannels', rule: `must be from 1 to ${INPUTS}`, got: String(count) });
  const sequence = Array.from({ length: count }, (_, index) => view.getInt16(410 + 2 * index, true));
  const usable = sequence.every((input) => input >= 0 && input < INPUTS) && new Set(sequence).size === count;
  return usable ? sequence : sequence.map((_, index) => index);
}

function readAdc(bytes: FileBytes, input: number, extended: boolean): Adc {
  const { view } = bytes;
  const place = `ADC ${input}`;
  const float = (offset: number): number => view.getFloat32(offset + 4 * input, true);
  return {
    name: text(bytes, 442 + 10 * input, 10) || place,
    unit: text(bytes, 602 + 8 * input, 8),
    ...adcScaling(bytes, {
      place,
      range: view.getFloat32(244, true),
      resolution: view.getInt32(252, true),
      scaleFactor: float(922),
      signalGain: float(1050),
      programmableGain: float(730),
      telegraphGain: extended ? telegraphGain(view, input) : autosampleGain(view, input),
      instrumentOffset: float(986),
      signalOffset: float(1114),
    }),
  };
}

function telegraphGain(view: DataView, input: number): number | undefined {
  return view.getInt16(4512 + 2 * input, true) === 1 ? view.getFloat32(4576 + 4 * input, true) : undefined;
}

/** Before version 1.6 one input only could be telegraphed. */
function autosampleGain(view: DataView, input: number): number | undefined {
  return view.getInt16(262, true) !== 0 && view.getInt16(264, true) === input ? view.getFloat32(268, true) : undefined;
}

function readDac(bytes: FileBytes, output: number): Dac {
  const { view } = bytes;
  const short = (offset: number): number => view.getInt16(offset + 2 * output, true);
  return {
    ...outputOf(bytes, output),
    waveformEnabled: short(2296) !== 0,
    waveformSource: short(2300),
    keepsLastLevel: short(2304) === 1,
    epochs: Array.from({ length: EPOCHS }, (_, number): Epoch => {
      const index = output * EPOCHS + number;
      const long = (offset: number): number => view.getInt32(offset + 4 * index, true);
      return {
        number,
        type: view.getInt16(2308 + 2 * index, true),
        level: view.getFloat32(2348 + 4 * index, true),
        levelIncrement: view.getFloat32(2428 + 4 * index, true),
        duration: long(2508),
        durationIncrement: long(2588),
        pulsePeriod: long(2136),
        pulseWidth: long(2216),
      };
    }),
  };
}

function readOldDac(bytes: FileBytes): Dac {
  const { view } = bytes;
  const output = Math.min(OUTPUTS - 1, Math.max(0, view.getInt16(1440, true)));
  return {
    ...outputOf(bytes, output),
    waveformEnabled: view.getInt16(1438, true) !== 0,
    waveformSource: view.getInt16(1438, true),
    keepsLastLevel: view.getInt16(1442, true) === 1,
    epochs: Array.from({ length: EPOCHS }, (_, number): Epoch => ({
      number,
      type: view.getInt16(1444 + 2 * number, true),
      level: view.getFloat32(1464 + 4 * number, true),
      levelIncrement: view.getFloat32(1504 + 4 * number, true),
      duration: view.getInt16(1544 + 2 * number, true),
      durationIncrement: view.getInt16(1564 + 2 * number, true),
      pulsePeriod: 0,
      pulseWidth: 0,
    })),
  };
}

function outputOf(bytes: FileBytes, output: number): Pick<Dac, 'name' | 'unit' | 'holdingLevel'> {
  return {
    name: text(bytes, 1306 + 10 * output, 10) || `DAC ${output}`,
    unit: text(bytes, 1346 + 8 * output, 8),
    holdingLevel: bytes.view.getFloat32(1394 + 4 * output, true),
  };
}

/** A user list, a conditioning train, or outputs that take turns (whose field came with the longer header of 1.8). */
function isOverridden({ view }: FileBytes): boolean {
  const headerBytes = view.getInt32(40, true) * BLOCK_BYTES;
  const lists = Array.from({ length: OUTPUTS }, (_, list) => list).some(
    (list) => view.getInt16(3360 + 2 * list, true) !== 0 && !HARMLESS_LISTS.includes(view.getInt16(3368 + 2 * list, true)),
  );
  const trains = view.getInt16(3260, true) !== 0 || view.getInt16(3262, true) !== 0;
  return lists || trains || (headerBytes >= 5878 && view.getInt16(5876, true) !== 0);
}

/** nListEnable and nConditEnable of the short header. */
function isOldOverridden({ view }: FileBytes): boolean {
  return view.getInt16(1966, true) !== 0 || view.getInt16(1718, true) !== 0;
}

function readSynch({ file, view }: FileBytes, unitUs: number): AbfHeader['synch'] {
  const [start, count] = [view.getInt32(92, true) * BLOCK_BYTES, view.getInt32(96, true)];
  if (count === 0 || start === 0) return [];
  if (count < 0 || start < OLD_HEADER_BYTES || start + 8 * count > view.byteLength)
    throw refusal('RECORDING_CORRUPT', file, {
      place: 'lSynchArrayPtr',
      rule: `the synch array must lie after the header and inside the file of ${view.byteLength} bytes`,
      got: `${count} entries from byte ${start}`,
    });
  return Array.from({ length: count }, (_, index) => ({
    startMs: (view.getInt32(start + 8 * index, true) * unitUs) / 1000,
    length: view.getInt32(start + 8 * index + 4, true),
  }));
}

/** Padded with blanks or zeros; Latin 1, of which units need the micro sign. */
function text({ view }: FileBytes, offset: number, length: number): string {
  const raw = Buffer.from(view.buffer, view.byteOffset + offset, length).toString('latin1');
  return raw.split('\0', 1)[0]!.trim();
}
