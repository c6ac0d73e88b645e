/**
 * The samples of an ABF file: channels interleaved sample by sample, sweep after sweep, as integers to be scaled or as floats in user
 * units. And which of them belong to which sweep.
 */
import { SAMPLE_BYTES } from './abf-header.ts';
import type { AbfHeader, FileBytes } from './abf-header.ts';
import { refusal } from './refusal.ts';

/** nOperationMode */
export const MODES = { variableLength: 1, fixedLength: 2, gapFree: 3, oscilloscope: 4, episodic: 5 } as const;

/** One sweep of one channel: `first` counts samples of that channel from the start of the file. */
export interface Stretch {
  readonly first: number;
  readonly count: number;
}

/** The sweeps, which fill the sample section exactly, or RECORDING_CORRUPT. */
export function sweepStretches(file: string, header: AbfHeader): Stretch[] {
  const { operationMode, samples, adcs, synch } = header;
  const perChannel = samples.count / adcs.length;
  if (!Number.isInteger(perChannel) || perChannel === 0) throw uneven(file, header, 1);
  switch (operationMode) {
    case MODES.gapFree:
      return gapFreeStretches(header, perChannel);
    case MODES.variableLength:
      return oneAfterTheOther(variableLengths(file, header));
    case MODES.fixedLength:
    case MODES.oscilloscope:
      return equalStretches(file, header, synch.length > 0 ? synch.length : header.episodes);
    case MODES.episodic:
      return episodicStretches(file, header);
    default:
      throw refusal('RECORDING_UNSUPPORTED', file, {
        place: 'nOperationMode',
        rule: 'event-driven (1, 2), gap-free (3), oscilloscope (4) and episodic (5) recordings are read',
        got: String(operationMode),
        remedy: 'Export the sweeps as CSV.',
      });
  }
}

function episodicStretches(file: string, header: AbfHeader): Stretch[] {
  const { samplesPerEpisode, synch, adcs, episodes, samples } = header;
  const lengths = synch.map(({ length }) => length);
  const differ = lengths.some((length) => length !== lengths[0]);
  // a recording that was stopped within a sweep
  if (differ && lengths.every((length) => length > 0 && length % adcs.length === 0) && lengths.reduce((a, b) => a + b, 0) === samples.count)
    return oneAfterTheOther(lengths.map((length) => length / adcs.length));
  const stretches = equalStretches(file, header, episodes);
  const inSweep = stretches[0]!.count * adcs.length;
  const other = [samplesPerEpisode, ...lengths].find((length) => length !== inSweep);
  if (other === undefined) return stretches;
  throw refusal('RECORDING_CORRUPT', file, {
    place: 'Data section',
    rule: `every sweep must have the ${other} samples that its header gives it`,
    got: String(inSweep),
  });
}

function equalStretches(file: string, header: AbfHeader, sweeps: number): Stretch[] {
  const count = header.samples.count / (sweeps * header.adcs.length);
  if (sweeps < 1 || !Number.isInteger(count)) throw uneven(file, header, sweeps);
  return Array.from({ length: sweeps }, (_, sweep) => ({ first: sweep * count, count }));
}

/** A gap-free recording that was paused has a stretch after each pause; without a usable synch array it is one. */
function gapFreeStretches({ synch, adcs, samples, sampleMs }: AbfHeader, perChannel: number): Stretch[] {
  const counts: number[] = [];
  for (const [index, { startMs, length }] of synch.entries()) {
    const before = synch[index - 1];
    const follows = before !== undefined && Math.abs(startMs - before.startMs - (before.length / adcs.length) * sampleMs) <= sampleMs;
    if (follows) counts.push(counts.pop()! + length / adcs.length);
    else counts.push(length / adcs.length);
  }
  const usable = synch.every(({ length }) => length > 0 && length % adcs.length === 0);
  const whole = counts.reduce((sum, count) => sum + count, 0) * adcs.length === samples.count;
  return usable && whole ? oneAfterTheOther(counts) : [{ first: 0, count: perChannel }];
}

/**
 * Lengths in samples of one channel. Programs disagree on the unit in which the synch array has them (samples of all channels, or the
 * time that those take): the one is right in which they add up to the samples that are there.
 */
function variableLengths(file: string, { synch, adcs, samples, synchUnitUs, sampleMs }: AbfHeader): number[] {
  const perSampleUs = (sampleMs * 1000) / adcs.length;
  const units = [1, synchUnitUs, perSampleUs / synchUnitUs];
  for (const unit of units) {
    const counts = synch.map(({ length }) => Math.round(length / unit) / adcs.length);
    const sum = counts.reduce((total, count) => total + count, 0);
    if (sum * adcs.length === samples.count && counts.every((count) => count > 0 && Number.isInteger(count))) return counts;
  }
  throw refusal('RECORDING_CORRUPT', file, {
    place: 'Synch array',
    rule: `the lengths of the sweeps must add up to the ${samples.count} samples of the file`,
    got: `${synch.length} sweeps of together ${synch.reduce((total, { length }) => total + length, 0)}`,
    remedy: 'Export the sweeps as CSV.',
  });
}

function oneAfterTheOther(counts: readonly number[]): Stretch[] {
  let first = 0;
  return counts.map((count) => {
    const stretch = { first, count };
    first += count;
    return stretch;
  });
}

function uneven(file: string, { samples, adcs }: AbfHeader, sweeps: number): Error {
  return refusal('RECORDING_CORRUPT', file, {
    place: 'Data section',
    rule: 'samples must divide evenly into sweeps and channels',
    got: `${samples.count} samples, ${sweeps} sweeps, ${adcs.length} channels`,
  });
}

/** One channel in its user units, one array per stretch. RECORDING_CORRUPT for a float that is not finite. */
export function decodeChannel(
  { file, view }: FileBytes,
  header: AbfHeader,
  stretches: readonly Stretch[],
  channel: number,
): Float64Array[] {
  const { samples, format, adcs } = header;
  const { scale, offset } = adcs[channel]!;
  const at = (sample: number): number => samples.offset + SAMPLE_BYTES[format] * (sample * adcs.length + channel);
  const read =
    format === 'int16'
      ? (sample: number): number => view.getInt16(at(sample), true) * scale + offset
      : (sample: number): number => view.getFloat32(at(sample), true);
  return stretches.map(({ first, count }, sweep) => {
    const values = new Float64Array(count);
    for (let i = 0; i < count; i += 1) {
      const value = read(first + i);
      if (!Number.isFinite(value))
        throw refusal('RECORDING_CORRUPT', file, {
          place: `sweep ${sweep}, sample ${i}`,
          rule: 'must be a finite number',
          got: String(value),
        });
      values[i] = value;
    }
    return values;
  });
}
