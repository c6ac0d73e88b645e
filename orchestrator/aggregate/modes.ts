/**
 * Whether the accepted estimates of a parameter fall into several groups, and what those are: of equal chi2 the data cannot tell them apart
 * (degeneracy), of unequal chi2 some replicas ended in a local optimum.
 */
import { samplesThatCount } from '../../schemas/acceptance.ts';
import type { InferredParameter, Lock, Modality, Mode, Summary } from '../../schemas/generated/types.ts';
import { randomStream, streamName } from '../../schemas/random.ts';
import { median } from '../../schemas/sample-quantile.ts';
import { dipTester } from '../statistics/dip.ts';
import { falseDiscovery } from '../statistics/false-discovery.ts';
import { kernelDensity } from '../statistics/kernel-density.ts';
import { ensembleOf, valuesOf } from './ensemble.ts';
import type { Ensemble } from './ensemble.ts';
import type { ReplicaTable } from './replica-table.ts';
import { everyRow, rowsWith } from './row-list.ts';
import { scaleOf } from './scale.ts';

const UNIFORMS = streamName('uniform samples of the dip test');
/** Remembers the dips of uniform samples of each size, which are always the same. */
const testDip = dipTester((sample) => {
  const stream = randomStream(sample, UNIFORMS);
  return (index) => stream.uniform(index);
});
/** Below this a dip says nothing. */
const FEWEST = 8;
/** Share of false discoveries that is tolerated. */
const TOLERATED = 0.05;
/** A hump of the density counts as a mode from this share of the replicas on. */
const SMALLEST_MODE = 0.05;
/** -2 ln of a likelihood ratio with one degree of freedom, 95 %: a mode whose chi2 (all samples) is higher by more fits worse. */
const WORSE = 3.84;
/** Modes are of different data sets where these foretell the mode: Goodman and Kruskal's lambda, JASA 49 (1954) 732, section 5, from here on. */
const FORETOLD = 0.5;

export function summariseModes({ resolved }: Pick<Lock, 'resolved'>, table: ReplicaTable): Pick<Summary, 'modes'> {
  const accepted = ensembleOf(table, table.accepted);
  if (accepted.rows.length < FEWEST) return {};
  const { infer, data } = resolved.problem;
  const columns = infer.map((parameter) =>
    valuesOf(accepted, table.parameters[parameter.name]!).map((value) => scaleOf(parameter).forward(value)),
  );
  const sorted = columns.map((values) => values.toSorted());
  const tests = sorted.map(testDip);
  const adjusted = falseDiscovery(tests.map(({ p }) => p));
  const samples = median(data.map(samplesThatCount)) ?? NaN;
  const entries = infer.map((parameter, i): [string, Modality] => {
    const { dip, p } = tests[i]!;
    const q = adjusted[i]!;
    const limits = q > TOLERATED ? undefined : troughs(sorted[i]!);
    return [
      parameter.name,
      { dip, p, q, ...(limits === undefined ? { modes: [] } : modesOf(parameter, columns[i]!, limits, accepted, table, samples)) },
    ];
  });
  return { modes: Object.fromEntries(entries) };
}

/** Of values in the order of the accepted replicas, parted at the limits. */
function modesOf(
  parameter: InferredParameter,
  values: Float64Array,
  limits: readonly number[],
  accepted: Ensemble,
  table: ReplicaTable,
  samples: number,
): Pick<Modality, 'kind' | 'modes'> {
  const modeAt = values.map((value) => modeOf(value, limits));
  const chi2 = valuesOf(accepted, table.chi2);
  const all = everyRow(values.length);
  const modes = Array.from({ length: limits.length + 1 }, (_, mode): Mode => {
    const own = { rows: rowsWith(all, (i) => modeAt[i] === mode) };
    return {
      n: own.rows.length,
      // a mode has members
      median: scaleOf(parameter).back(median(valuesOf(own, values)) ?? NaN),
      chi2: median(valuesOf(own, chi2)),
    };
  });
  return modes.length === 1 ? { modes } : { kind: kindOf(modes, modeAt, accepted, samples), modes };
}

function modeOf(value: number, limits: readonly number[]): number {
  let mode = 0;
  while (mode < limits.length && value > limits[mode]!) mode += 1;
  return mode;
}

function kindOf(modes: readonly Mode[], modeAt: Float64Array, { rows, starts }: Ensemble, samples: number): NonNullable<Modality['kind']> {
  let own = 0;
  for (let set = 0; set + 1 < starts.length; set++) {
    const counts = new Int32Array(modes.length);
    for (let i = starts[set]!; i < starts[set + 1]!; i++) counts[modeAt[i]!]! += 1;
    own += Math.max(...counts);
  }
  const largest = Math.max(...modes.map(({ n }) => n));
  if ((own - largest) / (rows.length - largest) >= FORETOLD) return 'data';
  const chi2 = modes.map((mode) => mode.chi2).filter((value) => value !== null);
  return (Math.max(...chi2) - Math.min(...chi2)) * samples > WORSE ? 'optima' : 'degeneracy';
}

/** Where the density is lowest between two modes, ascending. */
function troughs(sorted: Float64Array): number[] {
  const found = kernelDensity(sorted);
  if (found === null) return [];
  const { at, density } = found;
  const low = Array.from(at.keys()).filter(
    (i) => i > 0 && i < at.length - 1 && density[i]! < density[i - 1]! && density[i]! <= density[i + 1]!,
  );
  const limits: number[] = [];
  let before = 0;
  for (const i of low) {
    const below = sorted.findLastIndex((value) => value <= at[i]!) + 1;
    const enough = SMALLEST_MODE * sorted.length;
    if (below - before >= enough && sorted.length - below >= enough) {
      limits.push(at[i]!);
      before = below;
    }
  }
  return limits;
}
