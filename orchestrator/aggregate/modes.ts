/**
 * Whether the accepted estimates of a parameter fall into several groups, and what those are: of equal chi2 the data cannot tell them apart
 * (degeneracy), of unequal chi2 some replicas ended in a local optimum.
 */
import type { InferredParameter, Lock, Modality, Mode, Summary } from '../../schemas/generated/types.ts';
import { randomStream, streamName } from '../../schemas/random.ts';
import { median } from '../../schemas/sample-quantile.ts';
import { dipTester } from '../statistics/dip.ts';
import { falseDiscovery } from '../statistics/false-discovery.ts';
import { kernelDensity } from '../statistics/kernel-density.ts';
import { ensembleOf } from './ensemble.ts';
import type { ReplicaTable } from './replica-table.ts';
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
  const { rows } = ensembleOf(table, table.accepted);
  if (rows.length < FEWEST) return {};
  const { infer, data } = resolved.problem;
  const columns = infer.map((parameter) =>
    Float64Array.from(rows, (row) => scaleOf(parameter).forward(table.parameters[parameter.name]![row]!)),
  );
  const tests = columns.map((values) => testDip(values.toSorted()));
  const adjusted = falseDiscovery(tests.map(({ p }) => p));
  const samples = median(data.map((unit) => unit.samples)) ?? NaN;
  const entries = infer.map((parameter, i): [string, Modality] => {
    const { dip, p } = tests[i]!;
    const q = adjusted[i]!;
    return [parameter.name, { dip, p, q, ...(q > TOLERATED ? { modes: [] } : modesOf(parameter, columns[i]!, rows, table, samples)) }];
  });
  return { modes: Object.fromEntries(entries) };
}

function modesOf(
  parameter: InferredParameter,
  values: Float64Array,
  rows: Int32Array,
  table: ReplicaTable,
  samples: number,
): Pick<Modality, 'kind' | 'modes'> {
  const limits = troughs(values.toSorted());
  const modeAt = values.map((value) => limits.filter((limit) => value > limit).length);
  const modes = Array.from({ length: limits.length + 1 }, (_, mode): Mode => {
    const members = Array.from(rows.keys()).filter((i) => modeAt[i] === mode);
    return {
      n: members.length,
      // a mode has members
      median: scaleOf(parameter).back(median(members.map((i) => values[i]!)) ?? NaN),
      chi2: median(members.map((i) => table.chi2[rows[i]!]!)),
    };
  });
  return modes.length === 1 ? { modes } : { kind: kindOf(modes, modeAt, rows, table, samples), modes };
}

function kindOf(
  modes: readonly Mode[],
  modeAt: Float64Array,
  rows: Int32Array,
  { data, draw }: ReplicaTable,
  samples: number,
): NonNullable<Modality['kind']> {
  const byData = new Map<string, number[]>();
  for (const [i, row] of rows.entries()) {
    const key = `${data[row]} ${draw[row]}`;
    const counts = byData.get(key) ?? modes.map(() => 0);
    counts[modeAt[i]!]! += 1;
    byData.set(key, counts);
  }
  const own = [...byData.values()].reduce((sum, counts) => sum + Math.max(...counts), 0);
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
    const below = sorted.filter((value) => value <= at[i]!).length;
    const enough = SMALLEST_MODE * sorted.length;
    if (below - before >= enough && sorted.length - below >= enough) {
      limits.push(at[i]!);
      before = below;
    }
  }
  return limits;
}
