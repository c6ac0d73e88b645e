/** The time courses that are stored with a result: thinned to so many points, rounded to what a picture can show. */
import type { Traces } from '../../schemas/generated/types.ts';
import type { Observation } from './observation.ts';

/** 5 digits: 0.001 mV in V. */
const DIGITS = 5;

export function tracesOf(
  { tMs }: Observation,
  states: Readonly<Record<string, Float64Array>>,
  simulatedV: Float64Array | undefined,
  points: number,
): Traces {
  const kept = keptSamples(tMs.length, points);
  const thin = (values: Float64Array): number[] => kept.map((i) => rounded(values[i]!));
  return {
    tMs: thin(tMs),
    states: Object.fromEntries(Object.entries(states).map(([name, values]) => [name, thin(values)])),
    ...(simulatedV === undefined ? {} : { simulatedV: thin(simulatedV) }),
  };
}

/** `points` sample numbers, evenly spread from the first to the last sample; all samples when there are fewer. */
function keptSamples(samples: number, points: number): number[] {
  if (points >= samples) return Array.from({ length: samples }, (_, i) => i);
  return Array.from({ length: points }, (_, k) => Math.round((k * (samples - 1)) / (points - 1)));
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}
