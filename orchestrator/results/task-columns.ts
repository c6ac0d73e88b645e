/** The columns of replicas.parquet that a result does not carry: what the expansion says of a replica. */
import type { Configuration, Start, Task } from '../../schemas/generated/types.ts';

export interface TaskColumn {
  readonly name: string;
  /** DuckDB's type */
  readonly type: 'VARCHAR' | 'DOUBLE' | 'BIGINT';
  readonly of: (task: Task) => string | number | undefined;
}

/** In the order of the file. Axes are named as in the spec, parameters inferred from `start.NAME`. */
export function taskColumns({ configuration, infer }: Task): TaskColumn[] {
  // keys of a Configuration: it has no others
  const axes = Object.keys(configuration) as (keyof Configuration)[];
  return [
    { name: 'id', type: 'VARCHAR', of: (task) => task.replica },
    { name: 'index', type: 'BIGINT', of: (task) => task.index },
    ...axes.map((name) => axisColumn(name, configuration)),
    { name: 'data', type: 'VARCHAR', of: (task) => task.data.id },
    { name: 'data.label', type: 'VARCHAR', of: (task) => task.data.label },
    { name: 'data.entry', type: 'BIGINT', of: (task) => task.data.entry },
    { name: 'data.sweep', type: 'BIGINT', of: (task) => task.data.sweep },
    { name: 'data.window', type: 'BIGINT', of: (task) => task.data.window },
    { name: 'draw', type: 'BIGINT', of: (task) => task.draw },
    { name: 'seed', type: 'BIGINT', of: (task) => task.seed },
    ...infer.map(({ name }, position) => ({
      name: `start.${name}`,
      type: 'DOUBLE' as const,
      of: (task: Task) => startOf(task.infer, position),
    })),
  ];
}

/** One line of CSV; strings are quoted, what is absent is empty. */
export function taskRow(columns: readonly TaskColumn[], task: Task): string {
  return columns.map((column) => cell(column.of(task))).join(',');
}

/** Of a limit that may be "off" the number, or null. */
function axisColumn(name: keyof Configuration, configuration: Configuration): TaskColumn {
  if (name === 'loss.huberMv') return { name, type: 'DOUBLE', of: (task) => numberOf(task.configuration[name]) };
  const type = typeof configuration[name] === 'string' ? 'VARCHAR' : 'DOUBLE';
  return { name, type, of: (task) => task.configuration[name] };
}

function numberOf(value: string | number): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** The expansion keeps the order of `problem.infer` for every replica. */
function startOf(infer: readonly Start[], position: number): number | undefined {
  return infer[position]?.start;
}

function cell(value: string | number | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'number' ? String(value) : `"${value.replaceAll('"', '""')}"`;
}
