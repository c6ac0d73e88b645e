/** Writes small ABF 1 files for tests: only the fields that a reader needs, everything else zero. Not a general writer. */
import { STEP_DAC, VOLTAGE_ADC } from './abf2-file.ts';
import type { Abf2Adc, Abf2Dac, Abf2File } from './abf2-file.ts';

export interface Abf1File extends Abf2File {
  readonly version?: number;
  /** physical numbers of the inputs; 0, 1, ... when absent */
  readonly sequence?: readonly number[];
  /** samples of one channel in each sweep, for event-driven recordings */
  readonly lengths?: readonly number[];
  /** parameter that a user list of the first output varies */
  readonly listed?: number;
  readonly conditioned?: boolean;
}

const BLOCK = 512;

/** Range 10 V, resolution 32768, as the ABF 2 files of the tests. */
export function abf1File(given: Abf1File = {}): Buffer {
  const { adcs = [VOLTAGE_ADC], dacs = [STEP_DAC], sweeps = 3, samples = 128, intervalUs = 50, mode = 5, version = 1.83 } = given;
  const sequence = given.sequence ?? adcs.map((_, index) => index);
  const lengths = given.lengths ?? Array.from({ length: sweeps }, () => samples);
  const headerBytes = version < 1.6 ? 2048 : 6144;
  const total = lengths.reduce((sum, length) => sum + length, 0) * adcs.length;
  const header = Buffer.alloc(headerBytes);
  const data = sampleBlock(given, lengths, adcs.length);
  header.write('ABF ', 0, 'latin1');
  header.writeFloatLE(version, 4);
  header.writeInt16LE(mode, 8);
  header.writeInt32LE(total, 10);
  header.writeInt32LE(lengths.length, 16);
  header.writeInt32LE(headerBytes / BLOCK, 40);
  header.writeInt32LE((headerBytes + data.length) / BLOCK, 92);
  header.writeInt32LE(lengths.length, 96);
  header.writeInt16LE(given.float === true ? 1 : 0, 100);
  header.writeInt16LE(adcs.length, 120);
  header.writeFloatLE(intervalUs / adcs.length, 122);
  header.writeFloatLE(12.5, 130);
  header.writeInt32LE(lengths[0]! * adcs.length, 138);
  header.writeFloatLE(10, 244);
  header.writeInt32LE(32768, 252);
  for (let input = 0; input < 16; input += 1) header.writeInt16LE(sequence[input] ?? -1, 410 + 2 * input);
  adcs.forEach((adc, index) => writeAdc(header, adc, index < sequence.length && sequence[index]! >= 0 ? sequence[index]! : index));
  dacs.forEach((dac, index) => (version < 1.6 ? writeOldDac(header, dac) : writeDac(header, dac, index)));
  if (given.listed !== undefined) {
    header.writeInt16LE(1, 3360);
    header.writeInt16LE(given.listed, 3368);
  }
  if (given.conditioned === true) header.writeInt16LE(1, 3260);
  if (given.alternating === true) header.writeInt16LE(1, 5876);
  return Buffer.concat([header, data, synchBlock(given, lengths, adcs.length, intervalUs)]);
}

function sampleBlock({ value, float = false }: Abf1File, lengths: readonly number[], channels: number): Buffer {
  const raw = lengths.flatMap((length, sweep) =>
    Array.from({ length: length * channels }, (_, i) => value?.(i % channels, sweep, Math.floor(i / channels)) ?? -2000),
  );
  const data = Buffer.alloc(BLOCK * Math.ceil((raw.length * (float ? 4 : 2)) / BLOCK));
  raw.forEach((one, i) => (float ? data.writeFloatLE(one, 4 * i) : data.writeInt16LE(one, 2 * i)));
  return data;
}

/** Starts in units of 12.5 us, lengths in samples of all channels. */
function synchBlock({ startToStartMs }: Abf1File, lengths: readonly number[], channels: number, intervalUs: number): Buffer {
  const block = Buffer.alloc(BLOCK * Math.ceil((8 * lengths.length) / BLOCK));
  let startUs = 0;
  lengths.forEach((length, sweep) => {
    block.writeInt32LE(Math.round(startUs / 12.5), 8 * sweep);
    block.writeInt32LE(length * channels, 8 * sweep + 4);
    startUs += startToStartMs === undefined ? length * intervalUs : startToStartMs * 1000;
  });
  return block;
}

function writeAdc(header: Buffer, adc: Abf2Adc, input: number): void {
  header.write(adc.name.padEnd(10), 442 + 10 * input, 10, 'latin1');
  header.write(adc.unit.padEnd(8), 602 + 8 * input, 8, 'latin1');
  header.writeFloatLE(adc.programmableGain ?? 1, 730 + 4 * input);
  header.writeFloatLE(adc.scaleFactor ?? 0.01, 922 + 4 * input);
  header.writeFloatLE(adc.instrumentOffset ?? 0, 986 + 4 * input);
  header.writeFloatLE(adc.signalGain ?? 1, 1050 + 4 * input);
  header.writeFloatLE(adc.signalOffset ?? 0, 1114 + 4 * input);
  if (header.length < 6144) return;
  header.writeInt16LE(adc.telegraph?.enabled === true ? 1 : 0, 4512 + 2 * input);
  header.writeFloatLE(adc.telegraph?.gain ?? 1, 4576 + 4 * input);
}

function writeDac(header: Buffer, dac: Abf2Dac, output: number): void {
  header.write(dac.name.padEnd(10), 1306 + 10 * output, 10, 'latin1');
  header.write(dac.unit.padEnd(8), 1346 + 8 * output, 8, 'latin1');
  header.writeFloatLE(dac.holding ?? 0, 1394 + 4 * output);
  header.writeInt16LE(dac.enabled === false ? 0 : 1, 2296 + 2 * output);
  header.writeInt16LE(dac.source ?? 1, 2300 + 2 * output);
  header.writeInt16LE(dac.keepsLastLevel === true ? 1 : 0, 2304 + 2 * output);
  (dac.epochs ?? []).forEach((epoch, number) => {
    const index = 10 * output + number;
    header.writeInt16LE(epoch.type, 2308 + 2 * index);
    header.writeFloatLE(epoch.level, 2348 + 4 * index);
    header.writeFloatLE(epoch.levelIncrement ?? 0, 2428 + 4 * index);
    header.writeInt32LE(epoch.duration, 2508 + 4 * index);
    header.writeInt32LE(epoch.durationIncrement ?? 0, 2588 + 4 * index);
    header.writeInt32LE(epoch.pulsePeriod ?? 0, 2136 + 4 * index);
    header.writeInt32LE(epoch.pulseWidth ?? 0, 2216 + 4 * index);
  });
}

/** Before version 1.6: one protocol, here of output 0. */
function writeOldDac(header: Buffer, dac: Abf2Dac): void {
  header.write(dac.name.padEnd(10), 1306, 10, 'latin1');
  header.write(dac.unit.padEnd(8), 1346, 8, 'latin1');
  header.writeFloatLE(dac.holding ?? 0, 1394);
  header.writeInt16LE(dac.enabled === false ? 0 : (dac.source ?? 1), 1438);
  header.writeInt16LE(dac.keepsLastLevel === true ? 1 : 0, 1442);
  (dac.epochs ?? []).forEach((epoch, number) => {
    header.writeInt16LE(epoch.type, 1444 + 2 * number);
    header.writeFloatLE(epoch.level, 1464 + 4 * number);
    header.writeFloatLE(epoch.levelIncrement ?? 0, 1504 + 4 * number);
    header.writeInt16LE(epoch.duration, 1544 + 2 * number);
    header.writeInt16LE(epoch.durationIncrement ?? 0, 1564 + 2 * number);
  });
}
