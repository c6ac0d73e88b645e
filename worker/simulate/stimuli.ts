/**
 * Injected current on a uniform grid, from the terms a user writes in a spec. Everywhere in loligo the current is linear between
 * samples: the edge of a step is one sample wide, and simulation and training see the same current.
 *
 * Outside its start and end a step, ramp or pulse is zero. A sample at the start is inside; one at the end is not, except that
 * without an end the last sample is inside too.
 */
import { LoligoError, type Violation } from '../../schemas/errors.ts';
import type { FileStimulus, OrnsteinUhlenbeckStimulus, Stimulus, StimulusPart } from '../../schemas/generated/types.ts';
import { randomStream } from '../../schemas/random.ts';

export interface Grid {
  readonly samples: number;
  readonly sampleMs: number;
}

/** Shares of a sample by which start and end may be off their grid point through rounding, e.g. 0.1 * 3 ms. */
const ROUNDING = 1e-6;

/** The sum of all terms at t = i * sampleMs, in the model's unit. Throws SPEC_UNSUPPORTED for a `file` term. */
export function sampleStimulus(stimulus: Stimulus, grid: Grid): Float64Array {
  const parts = stimulusParts(stimulus);
  const current = new Float64Array(grid.samples);
  parts.forEach((part, k) => {
    const term = samplePart(part, grid, k);
    for (let i = 0; i < current.length; i++) current[i]! += term[i]!;
  });
  return current;
}

/** The terms of a stimulus; one term is a list of one. */
export function stimulusParts(stimulus: Stimulus): readonly StimulusPart[] {
  return Array.isArray(stimulus) ? stimulus : [stimulus];
}

function samplePart(part: StimulusPart, grid: Grid, position: number): Float64Array {
  if ('step' in part) {
    const { amplitude, startMs, endMs } = part.step;
    return tabulate(
      grid,
      within(grid, startMs, endMs, () => amplitude),
    );
  }
  if ('ramp' in part) return sampleRamp(part.ramp, grid);
  if ('sine' in part) {
    const { amplitude, frequencyHz, offset = 0, phaseRad = 0 } = part.sine;
    return tabulate(grid, (t) => offset + amplitude * Math.sin((2 * Math.PI * frequencyHz * t) / 1000 + phaseRad));
  }
  if ('pulses' in part) return samplePulses(part.pulses, grid);
  if ('ornsteinUhlenbeck' in part) return sampleOrnsteinUhlenbeck(part.ornsteinUhlenbeck, grid, position);
  throw new LoligoError([unsupportedFile(part)]);
}

function tabulate({ samples, sampleMs }: Grid, at: (t: number) => number): Float64Array {
  return Float64Array.from({ length: samples }, (_, i) => at(i * sampleMs));
}

function within(grid: Grid, startMs = 0, endMs = Infinity, at: (t: number) => number): (t: number) => number {
  const slack = ROUNDING * grid.sampleMs;
  return (t) => (t >= startMs - slack && t < endMs - slack ? at(t) : 0);
}

function sampleRamp(
  { from, to, startMs = 0, endMs }: { from: number; to: number; startMs?: number; endMs?: number },
  grid: Grid,
): Float64Array {
  const stop = endMs ?? (grid.samples - 1) * grid.sampleMs;
  const slope = stop > startMs ? (to - from) / (stop - startMs) : 0;
  return tabulate(
    grid,
    within(grid, startMs, endMs, (t) => from + slope * (t - startMs)),
  );
}

function samplePulses(
  pulses: { amplitude: number; widthMs: number; periodMs: number; startMs?: number; count?: number },
  grid: Grid,
): Float64Array {
  const { amplitude, widthMs, periodMs, startMs = 0, count = Infinity } = pulses;
  const slack = ROUNDING * grid.sampleMs;
  return tabulate(grid, (t) => {
    const k = Math.floor((t - startMs + slack) / periodMs);
    return k >= 0 && k < count && t - startMs - k * periodMs < widthMs - slack ? amplitude : 0;
  });
}

/**
 * dI = (mean - I) / tau dt + sd sqrt(2 / tau) dW at the samples, by the exact update of Gillespie (1996), Phys. Rev. E 54, 2084,
 * eq. 1.9, started in its stationary law. Without a seed, the term's position in the list is the seed: terms are independent.
 */
function sampleOrnsteinUhlenbeck(
  { mean, sd, tauMs, seed }: OrnsteinUhlenbeckStimulus['ornsteinUhlenbeck'],
  { samples, sampleMs }: Grid,
  position: number,
): Float64Array {
  const stream = randomStream(seed ?? position, 'stimulus/ornsteinUhlenbeck');
  const decay = Math.exp(-sampleMs / tauMs);
  const kick = sd * Math.sqrt(-Math.expm1((-2 * sampleMs) / tauMs));
  const current = new Float64Array(samples);
  let deviation = sd * stream.normal(0);
  for (let i = 0; i < samples; i++) {
    current[i] = mean + deviation;
    deviation = deviation * decay + kick * stream.normal(i + 1);
  }
  return current;
}

/** A `file` term: the content of a sweep is addressed by hash, and a stimulus file has no stored form yet. */
export function unsupportedFile(part: FileStimulus, where = part.file.path): Violation {
  return {
    code: 'SPEC_UNSUPPORTED',
    where,
    rule: 'a stimulus from a file is not available in a spec yet',
    got: part.file.path,
    remedy: 'Use step, ramp, sine, pulses or ornsteinUhlenbeck, or give the simulated CSV as a recording.',
  };
}
