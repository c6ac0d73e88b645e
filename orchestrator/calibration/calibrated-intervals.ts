/**
 * A calibration applied to a run: intervals of each parameter on each data set, widened by the factors. Of an estimate beyond the truths that
 * were tried the calibration says nothing. Where the data of this run have truths too, how often these intervals hold them: an honest check, as no
 * such truth helped to make the factors.
 */
import type {
  Calibrated,
  CalibratedCoverage,
  CalibratedDataSet,
  CalibratedIntervals,
  CalibratedParameter,
  InferredParameter,
  Lock,
  ParameterCalibration,
} from '../../schemas/generated/types.ts';
import { ensembleOf } from '../aggregate/ensemble.ts';
import type { ReplicaTable } from '../aggregate/replica-table.ts';
import { scaleOf, type Scale } from '../aggregate/scale.ts';
import { halfWidth } from '../statistics/inflation.ts';
import { checkedIntervals, coverageOf } from './coverage-summary.ts';
import { dataSetIntervals, type DataSetInterval } from './data-set-interval.ts';
import { byLevel, LEVELS, type Level } from './levels.ts';
import type { NamedCalibration } from './named-calibration.ts';

export function calibratedIntervals({ resolved }: Pick<Lock, 'resolved'>, table: ReplicaTable, named: NamedCalibration): Calibrated {
  const { infer, data } = resolved.problem;
  const accepted = ensembleOf(table, table.accepted);
  const sets = new Map<string, CalibratedDataSet>();
  for (const parameter of infer) {
    const calibration = named.calibration.parameters[parameter.name];
    if (calibration === undefined) continue;
    for (const interval of dataSetIntervals(table, accepted, parameter)) {
      const key = `${interval.data} ${interval.draw}`;
      const set = sets.get(key) ?? { label: data[interval.data]!.label, draw: interval.draw, parameters: {} };
      set.parameters[parameter.name] = calibrated(interval, calibration, parameter);
      sets.set(key, set);
    }
  }
  const { n, truths } = named.calibration;
  const coverage = coverageHere(resolved.problem, table, named);
  return {
    from: { name: named.name, sweep: named.sweep, n, truths },
    dataSets: [...sets.values()],
    ...(Object.keys(coverage).length === 0 ? {} : { coverage }),
  };
}

/** Ends are taken to the model's range: no fit looks beyond it, and where V says nothing of a parameter they would be anywhere. */
function calibrated(interval: DataSetInterval, calibration: ParameterCalibration, parameter: InferredParameter): CalibratedParameter {
  const { centre, sigma, replicas } = interval;
  const scale = scaleOf(parameter);
  const [least, most] = parameter.range;
  const outside = isOutside(interval, calibration, scale);
  const intervals = byLevel((probability, level): CalibratedIntervals[Level] => {
    const { factor } = calibration.levels[level];
    if (outside || factor === null) return null;
    const half = factor * halfWidth(probability) * sigma;
    return [Math.max(least, scale.back(centre - half)), Math.min(most, scale.back(centre + half))];
  });
  return { n: replicas, estimate: scale.back(centre), outside, intervals };
}

/** No truth that was tried lies in the plain 95 % interval. */
function isOutside({ centre, sigma }: DataSetInterval, { truthRange }: ParameterCalibration, scale: Scale): boolean {
  const [low, high] = truthRange.map((truth) => scale.forward(truth));
  const half = halfWidth(LEVELS['95']) * sigma;
  return centre + half < low! || centre - half > high!;
}

/** Estimates outside count too: leaving them out would drop just those that missed by much. */
function coverageHere(
  problem: Lock['resolved']['problem'],
  table: ReplicaTable,
  named: NamedCalibration,
): Record<string, CalibratedCoverage> {
  const entries = [...checkedIntervals(problem, table)].flatMap(([name, own]): [string, CalibratedCoverage][] => {
    const calibration = named.calibration.parameters[name];
    if (calibration === undefined || own.length === 0) return [];
    const levels = byLevel((probability, level) => {
      const reach = (calibration.levels[level].factor ?? 1) * halfWidth(probability);
      return coverageOf(own.filter(({ z }) => Math.abs(z) <= reach).length, own.length);
    });
    return [[name, { n: own.length, ...levels }]];
  });
  return Object.fromEntries(entries);
}
