/**
 * How often the intervals of single data sets hold their truths, where the data have truths: rank histograms, coverage, and what the
 * intervals must be multiplied with. Talts, Betancourt, Simpson, Vehtari and Gelman, "Validating Bayesian inference algorithms with
 * simulation-based calibration", arXiv 1804.06788; ranks here are those among infinitely many draws from the interval's normal distribution. No
 * prior enters the intervals: errors in sigmas have one distribution wherever the truth lies, so that the ranks are uniform under any prior.
 */
import type {
  Calibration,
  CalibrationConditions,
  CalibrationLevel,
  Coverage,
  Lock,
  ParameterCalibration,
  RankHistogram,
  Summary,
} from '../../schemas/generated/types.ts';
import { sortedFinite } from '../../schemas/sample-quantile.ts';
import { ensembleOf } from '../aggregate/ensemble.ts';
import type { ReplicaTable } from '../aggregate/replica-table.ts';
import { scaleOf } from '../aggregate/scale.ts';
import { truthOf } from '../aggregate/truth.ts';
import { crossValidatedCovered, halfWidth, inflationFactor } from '../statistics/inflation.ts';
import { scaledMad } from '../statistics/median-absolute-deviation.ts';
import { normalProbability } from '../statistics/normal-probability.ts';
import { upperQuantile } from '../statistics/student-t.ts';
import { trimmedMean } from '../statistics/trimmed-mean.ts';
import { cumulativeCounts, partCounts, uniformBand, uniformityTest } from '../statistics/uniformity.ts';
import { wilsonInterval } from '../statistics/wilson-interval.ts';
import { dataSetIntervals, type DataSetInterval } from './data-set-interval.ts';
import { byLevel, LEVELS, type Level } from './levels.ts';

/** Data sets below which coverage says too little, and truths below which there is no factor: 19 are what 95 % needs. */
export const FEWEST = 20;
const FOLDS = 10;
const PARTS = 20;
const TRIMMED = 0.1;

/** An interval and the truth that it is held against. */
interface Checked extends DataSetInterval {
  /** on the parameter's scale */
  readonly truth: number;
  /** estimate minus truth in sigmas */
  readonly z: number;
  /** number of the truth among the different ones */
  readonly fold: number;
}

/** Nothing where too few data sets have a truth and an interval. `conditions` are asked for only with the rest. */
export function summariseCalibration(
  { resolved }: Pick<Lock, 'resolved'>,
  table: ReplicaTable,
  conditions?: () => CalibrationConditions,
): Pick<Summary, 'calibration'> {
  const { infer, data } = resolved.problem;
  const checked = checkedIntervals({ infer, data }, table);
  const sets = new Set([...checked.values()].flat().map(setName));
  if (sets.size < FEWEST) return {};
  const all = [...checked.values()].flat();
  const known = data.reduce((sum, unit) => sum + (infer.some(({ name }) => truthOf(unit, name) !== undefined) ? unit.draws : 0), 0);
  const bands = new Map<number, Pick<RankHistogram, 'low' | 'high'>>();
  const parameters = infer.flatMap(({ name, positive }) => {
    const own = checked.get(name)!;
    return own.length < FEWEST ? [] : [[name, parameterCalibration(own, positive, bands)] as const];
  });
  return {
    calibration: {
      ...pooled(all),
      n: sets.size,
      truths: new Set(all.map(({ fold }) => fold)).size,
      withoutInterval: known - sets.size,
      parameters: Object.fromEntries(parameters),
      ...(conditions === undefined ? {} : { conditions: conditions() }),
    },
  };
}

/** Every interval that has a truth, by parameter. */
export function checkedIntervals(
  { infer, data }: Pick<Lock['resolved']['problem'], 'infer' | 'data'>,
  table: ReplicaTable,
): Map<string, Checked[]> {
  const accepted = ensembleOf(table, table.accepted);
  const truths = numbered(data.map((unit) => infer.map(({ name }) => truthOf(unit, name) ?? '').join(' ')));
  return new Map(
    infer.map((parameter) => {
      const values = data.map((unit) => truthOf(unit, parameter.name));
      // most runs have none, and no use for intervals
      const intervals = values.every((value) => value === undefined) ? [] : dataSetIntervals(table, accepted, parameter);
      const checked = intervals.flatMap((interval): Checked[] => {
        const value = values[interval.data];
        if (value === undefined) return [];
        const truth = scaleOf(parameter).forward(value);
        return [{ ...interval, truth, z: (interval.centre - truth) / interval.sigma, fold: truths[interval.data]! }];
      });
      return [parameter.name, checked];
    }),
  );
}

function setName({ data, draw }: DataSetInterval): string {
  return `${data} ${draw}`;
}

function pooled(all: readonly Checked[]): Pick<Calibration, 'coverage50' | 'coverage80' | 'coverage95'> {
  const share = (level: Level): number => covered(all, LEVELS[level]) / all.length;
  return { coverage50: share('50'), coverage80: share('80'), coverage95: share('95') };
}

function parameterCalibration(
  own: readonly Checked[],
  positive: boolean,
  bands: Map<number, Pick<RankHistogram, 'low' | 'high'>>,
): ParameterCalibration {
  const scale = scaleOf({ positive });
  const truths = sortedFinite(own.map(({ truth }) => truth));
  const spreads = own.filter(({ spread }) => spread !== null);
  const within = spreads.filter(({ centre, truth, spread }) => Math.abs(centre - truth) <= halfWidth(LEVELS['80']) * spread!);
  return {
    n: own.length,
    truthRange: [scale.back(truths[0]!), scale.back(truths.at(-1)!)],
    bias: biasOf(own),
    spread: scaledMad(sortedFinite(own.map(({ z }) => z))),
    ranks: ranksOf(own, bands),
    spreadAlone80: spreads.length === 0 ? null : within.length / spreads.length,
    levels: byLevel((probability) => levelOf(own, probability)),
  };
}

function biasOf(own: readonly Checked[]): ParameterCalibration['bias'] {
  const { mean, variance, df } = trimmedMean(
    own.map(({ z }) => z),
    TRIMMED,
  )!;
  const half = upperQuantile(0.025, df) * Math.sqrt(variance);
  return { z: mean, ci95: [mean - half, mean + half] };
}

/** A truth below its interval's middle has a low rank. Bands are the same for parameters with as many intervals. */
function ranksOf(own: readonly Checked[], bands: Map<number, Pick<RankHistogram, 'low' | 'high'>>): RankHistogram {
  const ranks = own.map(({ z }) => normalProbability(-z));
  let band = bands.get(ranks.length);
  if (band === undefined) {
    const { low, high } = uniformBand(ranks.length, PARTS);
    band = { low: [...low], high: [...high] };
    bands.set(ranks.length, band);
  }
  const counted = { counts: [...partCounts(ranks, PARTS)], cumulative: [...cumulativeCounts(ranks, PARTS)] };
  return { ...counted, ...band, p: uniformityTest(ranks, PARTS) };
}

function levelOf(own: readonly Checked[], probability: number): CalibrationLevel {
  const errors = own.map(({ z }) => Math.abs(z));
  const truths = new Set(own.map(({ fold }) => fold)).size;
  const folds = own.map(({ fold }) => fold % FOLDS);
  const factor = truths < FEWEST ? null : inflationFactor(errors, probability);
  const held = factor === null ? null : crossValidatedCovered(errors, folds, probability);
  return {
    ...coverageOf(covered(own, probability), own.length),
    factor,
    calibrated: held === null ? null : coverageOf(held, own.length),
  };
}

export function coverageOf(held: number, n: number): Coverage {
  return { coverage: held / n, ci95: wilsonInterval(held, n) };
}

function covered(own: readonly Checked[], probability: number): number {
  return own.filter(({ z }) => Math.abs(z) <= halfWidth(probability)).length;
}

/** The same text has the same number. */
function numbered(names: readonly string[]): number[] {
  const numbers = new Map<string, number>();
  for (const name of names) if (!numbers.has(name)) numbers.set(name, numbers.size);
  return names.map((name) => numbers.get(name)!);
}
