/**
 * Choosing the voltage channel, by its unit or by the name that the caller gives, and the checks that its values can be a membrane's and its
 * sampling an experiment's.
 */
import type { Channel } from './recording.ts';
import { refusal } from './refusal.ts';
import { millivoltsPer } from './units.ts';

/** Beyond this no amplifier's range reaches: a wrong unit or a damaged scale factor. */
const LARGEST_MV = 10_000;

export interface VoltageChannel {
  readonly index: number;
  readonly name: string;
  readonly millivoltsPer: number;
}

/** The named channel, or the first one in mV, else in V (often a trigger). RECORDING_CHANNEL when there is none. */
export function chooseVoltage(file: string, channels: readonly Channel[], chosen: string | undefined): VoltageChannel {
  const usable = ({ name, unit }: Channel): boolean => millivoltsPer(unit) !== undefined && (chosen === undefined || name === chosen);
  const inMillivolts = channels.findIndex((one) => usable(one) && millivoltsPer(one.unit) === 1);
  const index = inMillivolts === -1 ? channels.findIndex(usable) : inMillivolts;
  const channel = channels[index];
  const factor = millivoltsPer(channel?.unit ?? '');
  if (channel !== undefined && factor !== undefined) return { index, name: channel.name, millivoltsPer: factor };
  throw refusal('RECORDING_CHANNEL', file, {
    rule: chosen === undefined ? 'a channel in mV or V is needed' : 'voltageChannel must name a channel in mV or V',
    got: chosen === undefined ? channels.map(describe).join(', ') : `"${chosen}"`,
    remedy: `The channels are ${channels.map(describe).join(', ')}.`,
  });
}

function describe({ name, unit }: Channel): string {
  return `"${name}" (${unit === '' ? 'no unit' : unit})`;
}

/** RECORDING_CORRUPT when V is not finite or of impossible size. */
export function checkVoltage(file: string, sweep: number, voltageMv: Float64Array): void {
  const at = voltageMv.findIndex((mv) => !(Math.abs(mv) <= LARGEST_MV));
  if (at === -1) return;
  throw refusal('RECORDING_CORRUPT', file, {
    place: `sweep ${sweep}, sample ${at}`,
    rule: `a membrane voltage must lie within ${LARGEST_MV} mV of 0`,
    got: `${voltageMv[at]} mV`,
    remedy: 'Check the unit of the channel or column and its scale factor.',
  });
}

/** RECORDING_CORRUPT when the sampling interval cannot be an amplifier's or a simulation's: a wrong unit or a damaged header. */
export function checkSampling(file: string, sampleMs: number): void {
  const [shortest, longest] = [1e-5, 1e3];
  if (sampleMs >= shortest && sampleMs <= longest) return;
  throw refusal('RECORDING_CORRUPT', file, {
    rule: `samples must be ${shortest} to ${longest} ms apart`,
    got: `${sampleMs} ms`,
    remedy: 'Check the unit of the time column.',
  });
}
