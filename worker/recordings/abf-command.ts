/**
 * The command of an output (DAC), rebuilt from its epochs: what the protocol asked for, sweep by sweep. Not what the amplifier
 * delivered.
 *
 * Shape of one sweep of N samples (recordings/README.md, rules 1 and 2): the first floor(N / 64) samples hold the level before the
 * sweep, then the epochs follow, then the holding level returns, or the last level stays where the output keeps it. An epoch in sweep
 * k has level + k * increment, and so its duration.
 */
import type { Dac, Epoch } from './abf-header.ts';
import { refusal } from './refusal.ts';
import { epochName } from './epochs.ts';
import type { ProtocolEpoch, StimulusKind } from './recording.ts';

/** nEpochType; 6 is a pulse for measuring resistance, whose shape is in no file. */
const TYPES = { off: 0, step: 1, ramp: 2, pulses: 3, triangles: 4, cosine: 5, biphasic: 7 } as const;
const REBUILT: readonly number[] = Object.values(TYPES);
const TRAINS: readonly number[] = [TYPES.pulses, TYPES.triangles, TYPES.cosine, TYPES.biphasic];

/** Is every part of the command in the header? Waves from other files are not. */
export function isRebuildable({ waveformEnabled, waveformSource, epochs }: Dac): boolean {
  return waveformEnabled && waveformSource === 1 && epochs.every(({ type }) => REBUILT.includes(type));
}

/** What the protocol as a whole is; single sweeps of it may well be flat. */
export function protocolKind({ epochs, holdingLevel }: Dac): StimulusKind {
  const moving = epochs.filter(({ type, level, levelIncrement }) => type !== TYPES.off && (level !== holdingLevel || levelIncrement !== 0));
  if (moving.some(({ type }) => TRAINS.includes(type))) return 'pulses';
  if (moving.some(({ type }) => type === TYPES.ramp)) return 'ramp';
  return moving.length > 0 ? 'steps' : 'constant';
}

/** The command of every sweep in the output's unit; `samples` per sweep. RECORDING_CORRUPT for a level or period that cannot be. */
export function rebuildCommand(file: string, dac: Dac, sweeps: number, samples: number): Float64Array[] {
  checkEpochs(file, dac);
  let before = dac.holdingLevel;
  return Array.from({ length: sweeps }, (_, sweep) => {
    const command = sweepCommand(dac, sweep, samples, before);
    if (dac.keepsLastLevel) before = command[samples - 1]!;
    return command;
  });
}

function checkEpochs(file: string, { name, holdingLevel, epochs }: Dac): void {
  const wrong = (place: string, rule: string, got: number) =>
    refusal('RECORDING_CORRUPT', file, { place: `output ${name}${place}`, rule, got: String(got) });
  if (!Number.isFinite(holdingLevel)) throw wrong(': fDACHoldingLevel', 'must be a finite number', holdingLevel);
  epochs.forEach(({ type, level, levelIncrement, pulsePeriod, pulseWidth }, index) => {
    const amplitude = level + levelIncrement;
    if (!Number.isFinite(amplitude)) throw wrong(`, epoch ${index}: level`, 'must be a finite number', amplitude);
    if (!TRAINS.includes(type)) return;
    if (pulsePeriod <= 0) throw wrong(`, epoch ${index}: lEpochPulsePeriod`, 'must be greater than 0', pulsePeriod);
    if (pulseWidth < 0) throw wrong(`, epoch ${index}: lEpochPulseWidth`, 'must not be negative', pulseWidth);
  });
}

function sweepCommand(dac: Dac, sweep: number, samples: number, before: number): Float64Array {
  const command = new Float64Array(samples).fill(before);
  let level = before;
  const timed = timedEpochs(dac, sweep, samples);
  for (const { epoch, from, duration } of timed)
    level = writeEpoch(command, epoch, from, duration, level, epoch.level + sweep * epoch.levelIncrement);
  return command.fill(dac.keepsLastLevel ? level : dac.holdingLevel, timed.at(-1)?.to ?? Math.floor(samples / 64));
}

/** The epochs of one sweep by their letter, as far as the sweep goes. */
export function protocolEpochs(dac: Dac, sweep: number, samples: number): ProtocolEpoch[] {
  return timedEpochs(dac, sweep, samples).map(({ epoch, from, to }) => ({ name: epochName(epoch.number), from, to }));
}

interface TimedEpoch {
  readonly epoch: Epoch;
  /** samples `from` up to and without `to`, cut where the sweep ends */
  readonly from: number;
  readonly to: number;
  /** samples, not cut */
  readonly duration: number;
}

function timedEpochs({ epochs }: Dac, sweep: number, samples: number): TimedEpoch[] {
  let at = Math.floor(samples / 64);
  return epochs
    .filter(({ type }) => type !== TYPES.off)
    .map((epoch) => {
      const from = at;
      const duration = Math.max(0, epoch.duration + sweep * epoch.durationIncrement);
      at = Math.min(samples, at + duration);
      return { epoch, from, to: at, duration };
    });
}

/** Writes samples `at` to `at + duration`, as far as the sweep goes; returns the level that the next epoch starts from: this one's own. */
function writeEpoch(command: Float64Array, epoch: Epoch, at: number, duration: number, before: number, target: number): number {
  const value = shape(epoch, duration, before, target);
  const end = Math.min(command.length, at + duration);
  for (let i = at; i < end; i += 1) command[i] = value(i - at);
  return target;
}

/** Level of an epoch at its i-th sample, as Clampex makes it and pyABF rebuilds it; a train has whole periods only. */
function shape({ type, pulsePeriod, pulseWidth }: Epoch, duration: number, before: number, target: number): (i: number) => number {
  const step = target - before;
  const periods = Math.floor(duration / pulsePeriod);
  const inPeriod = (i: number): number => (i < periods * pulsePeriod ? i % pulsePeriod : Infinity);
  switch (type) {
    case TYPES.ramp:
      return (i) => before + (duration > 1 ? (step / (duration - 1)) * i : 0);
    case TYPES.pulses:
      return (i) => (inPeriod(i) < pulseWidth ? target : before);
    case TYPES.triangles:
      return (i) => before + step * triangle(inPeriod(i), pulseWidth, pulsePeriod);
    case TYPES.cosine:
      return (i) => before + (step / 2) * (1 - Math.cos((2 * Math.PI * periods * i) / Math.max(1, duration - 1)));
    case TYPES.biphasic:
      return (i) => before + (inPeriod(i) < Math.floor(pulseWidth / 2) ? step : inPeriod(i) < pulseWidth ? -step : 0);
    default:
      return () => target;
  }
}

/** 0 to 1 over the width, back to 0 over the rest of the period, ends included. */
function triangle(i: number, width: number, period: number): number {
  if (i >= period) return 0;
  if (i < width) return i / Math.max(1, width - 1);
  return 1 - (i - width) / Math.max(1, period - width - 1);
}
