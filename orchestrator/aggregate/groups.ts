/** Accepted replicas by the values of axes that a reader names: every combination that occurs is an ensemble of its own. */
import { didYouMean, listed } from '../../schemas/wording.ts';
import { LoligoError } from '../../schemas/errors.ts';
import type { GroupDistribution, GroupSummary, Groups, Lock } from '../../schemas/generated/types.ts';
import { median } from '../../schemas/sample-quantile.ts';
import { bootstrapWords } from '../statistics/bootstrap-words.ts';
import { axisGroups } from './axis-table.ts';
import type { AxisGroup } from './axis-table.ts';
import { codedNumbers } from './column.ts';
import type { Coded } from './column.ts';
import { ensembleOf, valuesOf } from './ensemble.ts';
import { summariseParameters } from './parameter-summary.ts';
import type { ReplicaTable } from './replica-table.ts';

/** Groups are an ensemble each, with its own intervals; more are for a query over replicas.parquet. */
const MOST_GROUPS = 24;

/** In the order of the axes and their values. Throws USAGE where the sweep has no axis of a name. */
export function groupReplicas(lock: Lock, table: ReplicaTable, axes: readonly string[]): { groups: Groups; members: Uint8Array[] } {
  const all = axesOf(lock, table);
  const unknown = axes.filter((axis) => !all.has(axis));
  if (unknown.length > 0) throw unknownAxes(unknown, [...all.keys()]);
  const found = combinations(
    axes.map((axis) => axisGroups(axis, all.get(axis)!)),
    axes.map((axis) => all.get(axis)!.codes),
    table.size,
  );
  const kept = found.slice(0, MOST_GROUPS);
  const rows = kept.map(({ labels, member }) =>
    summariseGroup(lock, table, member, Object.fromEntries(axes.map((axis, i) => [axis, labels[i]!]))),
  );
  return { groups: { by: [...axes], groups: rows, omitted: found.length - kept.length }, members: kept.map(({ member }) => member) };
}

/** Everything that replicas of a sweep can be told apart by. */
function axesOf({ resolved }: Lock, table: ReplicaTable): Map<string, Coded<string | number>> {
  const { data } = resolved.problem;
  return new Map<string, Coded<string | number>>([
    ['data', { values: data.map(({ label }) => label), codes: table.data }],
    ['draw', codedNumbers(table.draw)],
    ['seed', codedNumbers(table.seed)],
    ...Object.entries(table.axes),
  ]);
}

function unknownAxes(unknown: readonly string[], known: readonly string[]): LoligoError {
  return new LoligoError([
    {
      code: 'USAGE',
      where: '--group-by',
      rule: 'must name axes of the sweep',
      got: listed(unknown, 'and'),
      remedy: [didYouMean(unknown[0]!, known), `This sweep has ${listed(known, 'and')}.`].filter((text) => text !== undefined).join(' '),
    },
  ]);
}

interface Combination {
  readonly labels: readonly string[];
  readonly member: Uint8Array;
}

/** Those that have a replica, the last axis running fastest. */
function combinations(axes: readonly (readonly AxisGroup[])[], codes: readonly Int32Array[], size: number): Combination[] {
  const everyone: Combination[] = [{ labels: [], member: new Uint8Array(size).fill(1) }];
  return axes.reduce<Combination[]>(
    (before, groups, a) =>
      before.flatMap(({ labels, member }) =>
        groups.flatMap(({ label, has }) => {
          const own = member.map((one, row) => (one === 1 && has(codes[a]![row]!) ? 1 : 0));
          return own.includes(1) ? [{ labels: [...labels, label], member: own }] : [];
        }),
      ),
    everyone,
  );
}

function summariseGroup(lock: Lock, table: ReplicaTable, member: Uint8Array, values: Record<string, string>): GroupSummary {
  const own = { ...table, accepted: both(table.accepted, member), estimated: both(table.estimated, member) };
  const accepted = ensembleOf(table, own.accepted);
  const parameters = summariseParameters(lock, own, bootstrapWords('bootstrap of medians'));
  return {
    values,
    finished: member.reduce((sum, one) => sum + one, 0),
    accepted: accepted.rows.length,
    chi2: median(valuesOf(accepted, table.chi2)),
    rmseMv: median(valuesOf(accepted, table.predictiveRmseMv)),
    parameters: Object.fromEntries(
      Object.entries(parameters).map(([name, summary]): [string, GroupDistribution] => {
        const { n, median: centre, mad, ci95, quantiles } = summary;
        return [name, { n, median: centre, mad, ci95, quantiles }];
      }),
    ),
  };
}

function both(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((one, i) => one & b[i]!);
}
