/** From a run to the baseline that later ones are held against: a record small enough to commit, and the changes that do not matter. */
import { LoligoError } from '../../schemas/errors.ts';
import type { Baseline, GatedMeasure, GatedReplica, Lock, Tolerances } from '../../schemas/generated/types.ts';
import { sortedFinite } from '../../schemas/sample-quantile.ts';
import { scaledMad } from '../statistics/median-absolute-deviation.ts';
import { scaleOf } from '../aggregate/scale.ts';
import type { Measure, RunRecord } from './run-record.ts';
import { clockOf, SPEED_TOLERANCES } from './speed-shift.ts';

/** Shares of change that do not matter, by option; a parameter's own stands under its name. */
export type ToleranceOptions = Readonly<Record<string, number>>;

/**
 * A parameter's location may move by a quarter of the baseline's spread: less is not seen in the ensemble. Misfits may change by a
 * twentieth, spreads by a quarter, the success rate by 0.1, and speed by what speed-shift.ts says.
 */
const SPREADS = 0.25;
const MISFIT = 0.05;
const DEFAULTS: Omit<Tolerances, 'speed'> = { spread: 0.25, success: 0.1 };
/** Where seeds agree to many digits a quarter of the spread is nothing: no tolerance of a parameter is below this share of it, or of its range. */
const LEAST_SHARE = 0.001;

export interface BaselineOptions {
  readonly lock: Lock;
  readonly record: RunRecord;
  readonly tolerances: ToleranceOptions;
  /** Replicas that are listed at most. */
  readonly most: number;
}

/** Throws USAGE for a tolerance of nothing, and where no replica was accepted. */
export function baselineOf({ lock, record, tolerances, most }: BaselineOptions): Baseline {
  checkTolerances(record, tolerances);
  const { sweep, engine, arithmetic, processor, planned, finished, measures, replicas } = record;
  const accepted = replicas.filter((replica) => replica.accepted);
  if (accepted.length === 0) throw withoutAccepted(record);
  return {
    version: 1,
    sweep,
    engine,
    ...(arithmetic === undefined ? {} : { arithmetic }),
    ...(processor === undefined ? {} : { processor }),
    versions: lock.versions,
    startedAt: lock.startedAt,
    planned,
    finished,
    tolerances: {
      spread: tolerances['spread'] ?? DEFAULTS.spread,
      success: tolerances['success'] ?? DEFAULTS.success,
      speed: tolerances['speed'] ?? SPEED_TOLERANCES[clockOf(replicas)],
    },
    // there is at least one: a problem infers something
    measures: measures.map((measure, m) => ({
      ...measure,
      tolerance: toleranceOf(measure, m, accepted, lock, tolerances),
    })) as [GatedMeasure, ...GatedMeasure[]],
    // ids are hashes, so that the smallest are a fair sample, and the same in every run
    replicas: replicas.slice(0, most),
  };
}

function toleranceOf(measure: Measure, m: number, accepted: readonly GatedReplica[], lock: Lock, given: ToleranceOptions): number {
  if (measure.kind !== 'parameter') return given['misfit'] ?? MISFIT;
  const own = given[measure.name];
  if (own !== undefined) return own;
  const scale = scaleOf({ positive: measure.scale === 'log' });
  const spread = scaledMad(sortedFinite(accepted.map(({ values }) => scale.forward(values[m] ?? NaN)))) ?? 0;
  const [low, high] = lock.resolved.problem.infer.find(({ name }) => name === measure.name)!.range;
  const least = measure.scale === 'log' ? LEAST_SHARE : LEAST_SHARE * (high - low);
  return Number(Math.max(least, SPREADS * spread).toPrecision(3));
}

function checkTolerances({ measures }: RunRecord, given: ToleranceOptions): void {
  const known = ['misfit', 'spread', 'success', 'speed', ...measures.filter(({ kind }) => kind === 'parameter').map(({ name }) => name)];
  for (const [name, value] of Object.entries(given)) {
    if (!known.includes(name)) throw usage(`--tolerance must name one of ${known.join(', ')}`, name);
    if (!(value > 0 && Number.isFinite(value))) throw usage('a tolerance must be a number above 0, as in gNa=0.01', `${name}=${value}`);
  }
}

function usage(rule: string, got: string): LoligoError {
  return new LoligoError([{ code: 'USAGE', where: 'baseline', rule, got }]);
}

function withoutAccepted({ finished, sweep }: RunRecord): LoligoError {
  return new LoligoError([
    {
      code: 'USAGE',
      where: `baseline of ${sweep.name}`,
      rule: 'a baseline needs accepted replicas',
      got: finished === 0 ? 'no finished replica' : `none among ${finished} finished`,
      remedy: 'Wait for the run, or see its report for why none was accepted.',
    },
  ]);
}

/** JSON with a line for each measure and replica, so that a commit shows what moved. */
export function baselineText({ measures, replicas, ...head }: Baseline): string {
  const lines = (items: readonly unknown[]): string => items.map((item) => `    ${JSON.stringify(item)}`).join(',\n');
  const opening = JSON.stringify(head, undefined, 2).replace(/\n\}$/, '');
  return `${opening},\n  "measures": [\n${lines(measures)}\n  ],\n  "replicas": [\n${lines(replicas)}\n  ]\n}\n`;
}
