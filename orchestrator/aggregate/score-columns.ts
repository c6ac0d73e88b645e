/**
 * Scores of forward simulations as columns: of what replicas were fitted to, of the rest of its sweeps, of each stretch that was held out. A
 * column is empty where no replica has a value, so that a sweep without spikes or held-out stretches pays for none.
 */
import type { FeaturePair, ResolvedProblem, Score, SpikeFeatures, StretchScore, Timing } from '../../schemas/generated/types.ts';
import { median } from '../../schemas/sample-quantile.ts';
import type { Column, Columns } from './column.ts';

/** In the order of a spike: where it begins, how it rises, how high and wide it is, how it falls and ends. */
export const FEATURES = [
  'thresholdMv',
  'upstrokeMvPerMs',
  'amplitudeMv',
  'halfWidthMs',
  'downstrokeMvPerMs',
  'ahpMv',
] as const satisfies readonly (keyof SpikeFeatures)[];
export type Feature = (typeof FEATURES)[number];

/** NaN where a replica has none; a column may be empty. */
export interface SpikeColumns {
  /** median distance to the nearest spike */
  readonly timingMs: Float64Array;
  readonly observed: Readonly<Record<Feature, Float64Array>>;
  readonly simulated: Readonly<Record<Feature, Float64Array>>;
}

export interface StretchColumns extends SpikeColumns {
  readonly label: string;
  /** 1: its simulation did not run through; NaN: it was not asked for */
  readonly failed: Float64Array;
  readonly rmseMv: Float64Array;
  readonly spikesObserved: Float64Array;
  readonly spikesSimulated: Float64Array;
  readonly coincidence: Float64Array;
}

export const REST_LABEL = 'rest of the fitted sweeps';

/** Labels of what the spec holds out, in its order. */
export function heldOutLabels({ data }: Pick<ResolvedProblem, 'data'>): string[] {
  return [...new Set(data.flatMap(({ heldOut = [] }) => heldOut.filter(({ fitted }) => fitted === undefined).map(({ label }) => label)))];
}

export interface ScoreColumn<S, T> {
  push(score: S): void;
  take(rows: Int32Array): T;
}

type Spiky = { readonly timing?: Timing; readonly features?: FeaturePair };

export function spikeColumns({ sparse64 }: Columns): ScoreColumn<Spiky | undefined, SpikeColumns> {
  const timing = sparse64();
  const sides = { observed: byFeature(sparse64), simulated: byFeature(sparse64) };
  const taken = (columns: Record<Feature, Column<Float64Array>>, rows: Int32Array) => byFeature((name) => columns[name].take(rows));
  return {
    push: (score) => {
      timing.push(score?.timing?.medianMs ?? NaN);
      for (const side of ['observed', 'simulated'] as const)
        for (const name of FEATURES) sides[side][name].push(score?.features?.[side][name] ?? NaN);
    },
    take: (rows) => ({
      timingMs: timing.take(rows),
      observed: taken(sides.observed, rows),
      simulated: taken(sides.simulated, rows),
    }),
  };
}

/** Scores of one label: a replica on several windows of its sweep has several rests, and counts by their medians. */
export function stretchColumns(label: string, columns: Columns): ScoreColumn<readonly StretchScore[], StretchColumns> {
  const { sparse64 } = columns;
  const numbers = {
    failed: sparse64(),
    rmseMv: sparse64(),
    spikesObserved: sparse64(),
    spikesSimulated: sparse64(),
    coincidence: sparse64(),
  };
  const spikes = spikeColumns(columns);
  return {
    push: (stretches) => {
      const scores = stretches.flatMap(({ score }) => (score === undefined ? [] : [score]));
      // most sweeps have none, and a million replicas to ask
      const of = (read: (score: Score) => number | null): number =>
        scores.length === 0 ? NaN : (median(scores.map((score) => read(score) ?? NaN)) ?? NaN);
      numbers.failed.push(stretches.length === 0 ? NaN : Number(scores.length === 0));
      numbers.rmseMv.push(of((score) => score.rmseMv));
      numbers.spikesObserved.push(of((score) => score.spikes.observed));
      numbers.spikesSimulated.push(of((score) => score.spikes.simulated));
      numbers.coincidence.push(of((score) => score.coincidence));
      spikes.push(typical(scores));
    },
    take: (rows) => ({
      label,
      failed: numbers.failed.take(rows),
      rmseMv: numbers.rmseMv.take(rows),
      spikesObserved: numbers.spikesObserved.take(rows),
      spikesSimulated: numbers.spikesSimulated.take(rows),
      coincidence: numbers.coincidence.take(rows),
      ...spikes.take(rows),
    }),
  };
}

/** Of several stretches their medians. */
function typical(scores: readonly Score[]): Spiky {
  const [only, ...others] = scores;
  if (only === undefined || others.length === 0) return only ?? {};
  const timing = scores.flatMap((score) => score.timing ?? []);
  const pairs = scores.flatMap((score) => score.features ?? []);
  const side = (name: 'observed' | 'simulated'): SpikeFeatures =>
    byFeature((feature) => median(pairs.map((pair) => pair[name][feature] ?? NaN)));
  const medianMs = median(timing.map((one) => one.medianMs));
  return {
    ...(medianMs === null ? {} : { timing: { medianMs, worstMs: Math.max(...timing.map(({ worstMs }) => worstMs)) } }),
    ...(pairs.length === 0 ? {} : { features: { observed: side('observed'), simulated: side('simulated') } }),
  };
}

function byFeature<T>(of: (name: Feature) => T): Record<Feature, T> {
  // Object.fromEntries widens its keys to string
  return Object.fromEntries(FEATURES.map((name) => [name, of(name)])) as Record<Feature, T>;
}
