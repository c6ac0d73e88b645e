/**
 * The command of an output (DAC), rebuilt from its epochs: what the protocol asked for, sweep by sweep. Not what the amplifier
 * delivered.
 *
 * Shape of one sweep of N samples (recordings/README.md, rules 1 and 2): the first floor(N / 64) samples hold the level before the
 * sweep, then the epochs follow, then the holding level returns, or the last level stays where the output keeps it. An epoch in sweep
 * k has level + k * increment, and so its duration.
 */
import type { Dac, Epoch } from './abf2-header.ts';
import { refusal } from './refusal.ts';
import type { StimulusKind } from './recording.ts';

const OFF = 0;
const STEP = 1;
const RAMP = 2;
const PULSES = 3;
const REBUILT: readonly number[] = [OFF, STEP, RAMP, PULSES];

/** Is every part of the command in the header? Other shapes (triangle, cosine, biphasic) and waves from files are not. */
export function isRebuildable({ waveformEnabled, waveformSource, epochs }: Dac): boolean {
  return waveformEnabled && waveformSource === 1 && epochs.every(({ type }) => REBUILT.includes(type));
}

/** What the protocol as a whole is; single sweeps of it may well be flat. */
export function protocolKind({ epochs }: Dac): StimulusKind {
  const moving = epochs.filter(({ type, level, levelIncrement }) => type !== OFF && (level !== 0 || levelIncrement !== 0));
  if (moving.some(({ type }) => type === PULSES)) return 'pulses';
  if (moving.some(({ type }) => type === RAMP)) return 'ramp';
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
    if (type !== PULSES) return;
    if (pulsePeriod <= 0) throw wrong(`, epoch ${index}: lEpochPulsePeriod`, 'must be greater than 0', pulsePeriod);
    if (pulseWidth < 0) throw wrong(`, epoch ${index}: lEpochPulseWidth`, 'must not be negative', pulseWidth);
  });
}

function sweepCommand(dac: Dac, sweep: number, samples: number, before: number): Float64Array {
  const command = new Float64Array(samples).fill(before);
  let at = Math.floor(samples / 64);
  let level = before;
  for (const epoch of dac.epochs) {
    if (epoch.type === OFF) continue;
    const duration = Math.max(0, epoch.duration + sweep * epoch.durationIncrement);
    const target = epoch.level + sweep * epoch.levelIncrement;
    level = writeEpoch(command, epoch, at, duration, level, target);
    at = Math.min(samples, at + duration);
  }
  return command.fill(dac.keepsLastLevel ? level : dac.holdingLevel, at);
}

/** Writes samples `at` to `at + duration`, as far as the sweep goes; returns the level that the epoch leaves. */
function writeEpoch(
  command: Float64Array,
  { type, pulsePeriod, pulseWidth }: Epoch,
  at: number,
  duration: number,
  level: number,
  target: number,
): number {
  const end = Math.min(command.length, at + duration);
  if (type === STEP) {
    command.fill(target, at, end);
    return target;
  }
  if (type === RAMP) {
    const slope = duration > 1 ? (target - level) / (duration - 1) : 0;
    for (let i = at; i < end; i += 1) command[i] = level + slope * (i - at);
    return target;
  }
  command.fill(level, at, end);
  const pulses = Math.floor(duration / pulsePeriod);
  for (let pulse = 0; pulse < pulses && at + pulse * pulsePeriod < end; pulse += 1) {
    const start = at + pulse * pulsePeriod;
    command.fill(target, start, Math.min(end, start + Math.min(pulseWidth, pulsePeriod)));
  }
  return level;
}
