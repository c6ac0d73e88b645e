/**
 * The stretches beyond the fitted data that the report draws, and whose parameters they are simulated with: of each the accepted replica of
 * median misfit. Chosen by position alone, so that nobody picks the prettiest. They are simulated again for the report: results carry scores
 * of them, not time courses, which would be too long for a message.
 */
import type { DataUnit, HeldOut, Lock } from '../../schemas/generated/types.ts';
import { heldOutLabels } from './score-columns.ts';
import type { StretchColumns } from './score-columns.ts';
import type { ReplicaTable } from './replica-table.ts';
import { evenlySpaced } from './shown-data.ts';

export interface ShownStretch {
  readonly label: string;
  /** its TraceObject */
  readonly object: string;
  /** position in the expansion of the replica that it is simulated with */
  readonly index: number;
  /** estimates of that replica, by name */
  readonly parameters: Readonly<Record<string, number>>;
}

const MOST_STRETCHES = 3;

/** The rest of one fitted sweep, and some of what was held out. */
export function showStretches({ resolved }: Pick<Lock, 'resolved'>, table: ReplicaTable): ShownStretch[] {
  const { data } = resolved.problem;
  const labels = heldOutLabels(resolved.problem);
  const rest = show(table, table.rest, (row) => data[table.data[row]!]!.heldOut?.find(({ fitted }) => fitted !== undefined));
  const heldOut = labels.flatMap((label, k) => show(table, table.heldOut[k]!, (row) => namedStretch(data[table.data[row]!]!, label)));
  return [...rest, ...evenlySpaced(heldOut, MOST_STRETCHES - rest.length)];
}

function show(table: ReplicaTable, { rmseMv }: StretchColumns, stretchOf: (row: number) => HeldOut | undefined): ShownStretch[] {
  const rows = Array.from(rmseMv.keys()).filter((row) => table.accepted[row] === 1 && Number.isFinite(rmseMv[row]));
  const sorted = rows.toSorted((a, b) => rmseMv[a]! - rmseMv[b]! || a - b);
  const row = sorted[Math.floor((sorted.length - 1) / 2)];
  const stretch = row === undefined ? undefined : stretchOf(row);
  if (row === undefined || stretch === undefined) return [];
  const parameters = Object.fromEntries(Object.entries(table.parameters).map(([name, column]) => [name, column[row]!]));
  return [{ label: stretch.label, object: stretch.object, index: table.index[row]!, parameters }];
}

function namedStretch({ heldOut = [] }: DataUnit, label: string): HeldOut | undefined {
  return heldOut.find((stretch) => stretch.fitted === undefined && stretch.label === label);
}
