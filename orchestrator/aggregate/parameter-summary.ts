/** The distribution of each inferred parameter, and of those tied to them, over accepted replicas and over all that have an estimate. */
import type { DataUnit, Distribution, InferredParameter, Lock, ParameterSummary, TruthSummary } from '../../schemas/generated/types.ts';
import { median, quantile, sortedFinite } from '../../schemas/sample-quantile.ts';
import { trimmedMean } from '../statistics/trimmed-mean.ts';
import { medianIntervals } from '../statistics/bootstrap.ts';
import type { WordSource } from '../statistics/bootstrap.ts';
import { hodgesLehmann } from '../statistics/hodges-lehmann.ts';
import { groupRows } from './bootstrap-groups.ts';
import { ensembleOf, valuesOf } from './ensemble.ts';
import { medianError } from './median-error.ts';
import type { Ensemble } from './ensemble.ts';
import { scaledMad } from '../statistics/median-absolute-deviation.ts';
import type { ReplicaTable } from './replica-table.ts';
import { scaleOf } from './scale.ts';
import type { Scale } from './scale.ts';
import { commonTruth, relativeError, truthOf } from './truth.ts';

/** Cut off at either end before the mean. */
const TRIMMED = 0.1;

export function summariseParameters(lock: Lock, table: ReplicaTable, words: WordSource): Record<string, ParameterSummary> {
  const { infer, data } = lock.resolved.problem;
  const tied = tiedParameters(lock, table);
  const described: readonly Described[] = [...infer, ...tied];
  const all = { ...table, parameters: { ...table.parameters, ...table.tied } };
  const accepted = ensembleOf(all, all.accepted);
  const filtered = distributions(described, data, all, accepted, words);
  const unfiltered = distributions(described, data, all, ensembleOf(all, all.estimated), words);
  return Object.fromEntries(
    described.map((parameter, p) => [
      parameter.name,
      {
        unit: parameter.unit,
        ...(parameter.equation === undefined ? {} : { tied: parameter.equation }),
        scale: scaleOf(parameter).name,
        ...filtered[p]!,
        ...(lock.resolved.finish === undefined || parameter.equation !== undefined ? {} : beforeFinish(parameter, data, all, accepted)),
        ...truths(parameter, data, all, accepted),
        unfiltered: unfiltered[p]!,
      },
    ]),
  );
}

/** What a distribution needs to know of its parameter; `equation`: what it is tied to. */
type Described = Pick<InferredParameter, 'name' | 'unit' | 'positive'> & { readonly equation?: string };

/**
 * Tied parameters of which every estimate has a value. A tie may leave the range of its parameter (`gK: gNa - 100`): where one did, there is no
 * logarithm.
 */
export function tiedParameters(
  { resolved }: Pick<Lock, 'resolved'>,
  { tied, estimated }: Pick<ReplicaTable, 'tied' | 'estimated'>,
): (Described & { readonly equation: string })[] {
  return (resolved.problem.tied ?? []).flatMap(({ name, unit, positive = false, equation }) => {
    const values = tied[name]!.filter((_, row) => estimated[row] === 1);
    if (!values.every(Number.isFinite)) return [];
    return [{ name, unit, positive: positive && values.every((value) => value > 0), equation }];
  });
}

/** One distribution for each parameter, all over the same replicas and the same bootstrap samples. */
function distributions(
  infer: readonly Described[],
  units: readonly DataUnit[],
  table: ReplicaTable,
  ensemble: Ensemble,
  words: WordSource,
): Distribution[] {
  const scales = infer.map(scaleOf);
  const columns = infer.map(({ name }, p) => valuesOf(ensemble, table.parameters[name]!).map((value) => scales[p]!.forward(value)));
  const grouped = groupRows(table, ensemble);
  const thinned = infer.map(({ name }, p) => valuesOf(grouped, table.parameters[name]!).map((value) => scales[p]!.forward(value)));
  const intervals = medianIntervals(thinned, grouped, words);
  return infer.map(({ name }, p) => {
    const own = distribution(columns[p]!.sort(), intervals[p]!, scales[p]!);
    return { ...own, ...errorOf(name, units, table, ensemble, own.median) };
  });
}

/** What a finish started from, and how sure it says that it is. */
function beforeFinish(
  parameter: Described,
  units: readonly DataUnit[],
  table: ReplicaTable,
  accepted: Ensemble,
): Pick<ParameterSummary, 'network' | 'standardError'> {
  const { name } = parameter;
  const scale = scaleOf(parameter);
  const own = { ...table, parameters: table.networkParameters };
  const values = sortedFinite(valuesOf(accepted, table.networkParameters[name]!).map((value) => scale.forward(value)));
  const { median: centre, mad, quantiles } = distribution(values, null, scale);
  return {
    network: { median: centre, mad, quantiles, ...errorOf(name, units, own, accepted, centre) },
    standardError: medianError(valuesOf(accepted, table.standardErrors[name]!)),
  };
}

/** Statistics of ascending values on their scale, in the parameter's unit. */
function distribution(sorted: Float64Array, interval: [number, number] | null, scale: Scale): Distribution {
  const at = (probability: number) => inUnit(quantile(sorted, probability), scale);
  const centre = at(0.5);
  const s = scaledMad(sorted);
  return {
    n: sorted.length,
    median: centre,
    mad: s === null || centre === null ? null : scale.spread(s, centre),
    trimmedMean: inUnit(trimmedMean(sorted, TRIMMED)?.mean ?? null, scale),
    hodgesLehmann: inUnit(hodgesLehmann(sorted), scale),
    ci95: interval === null ? null : [scale.back(interval[0]), scale.back(interval[1])],
    quantiles: { '2.5': at(0.025), '25': at(0.25), '75': at(0.75), '97.5': at(0.975) },
  };
}

/** The relative error of the median, where every data unit has a truth. `centre`: that median, in the parameter's unit. */
function errorOf(
  name: string,
  units: readonly DataUnit[],
  table: ReplicaTable,
  ensemble: Ensemble,
  centre: number | null,
): { relativeError?: number | null } {
  if (units.some((unit) => truthOf(unit, name) === undefined)) return {};
  const values = table.parameters[name]!;
  const truth = commonTruth(units, name);
  if (truth !== undefined) return { relativeError: relativeError(centre, truth) };
  // every unit has a truth: see the guard
  const errors = Array.from(ensemble.rows, (row) => relativeError(values[row]!, truthOf(units[table.data[row]!]!, name)!) ?? NaN);
  return { relativeError: median(errors) };
}

/** The common truth, or one entry for each of several truths. */
function truths(
  parameter: Described,
  units: readonly DataUnit[],
  table: ReplicaTable,
  accepted: Ensemble,
): { truth?: number; perTruth?: TruthSummary[] } {
  const truth = commonTruth(units, parameter.name);
  if (truth !== undefined) return { truth };
  const byUnit = units.map((unit) => truthOf(unit, parameter.name));
  const distinct = [...new Set(byUnit)].filter((value) => value !== undefined).toSorted((a, b) => a - b);
  if (distinct.length === 0) return {};
  const values = table.parameters[parameter.name]!;
  const grouped = new Map<number | undefined, number[]>(distinct.map((value) => [value, []]));
  for (const row of accepted.rows) grouped.get(byUnit[table.data[row]!])?.push(values[row]!);
  return { perTruth: distinct.map((value) => truthSummary(value, grouped.get(value) ?? [], scaleOf(parameter))) };
}

function truthSummary(truth: number, estimates: readonly number[], scale: Scale): TruthSummary {
  const centre = inUnit(median(estimates.map((value) => scale.forward(value))), scale);
  return { truth, n: estimates.length, median: centre, relativeError: relativeError(centre, truth) };
}

function inUnit(value: number | null, scale: Scale): number | null {
  return value === null ? null : scale.back(value);
}
