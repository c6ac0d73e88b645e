/** The columns of replicas.parquet that a result does not carry: what the expansion says of a replica. */
import type { Configuration, Method, Start, Task } from '../../schemas/generated/types.ts';
import { matters } from '../spec/method-spaces.ts';

export interface TaskColumn {
  readonly name: string;
  /** DuckDB's type */
  readonly type: 'VARCHAR' | 'DOUBLE' | 'BIGINT';
  readonly of: (task: Task) => string | number | undefined;
}

/** In the order of the file. Axes are named as in the spec, parameters inferred from `start.NAME`. */
export function taskColumns({ configuration, infer }: Task): TaskColumn[] {
  // keys of a Configuration: it has no others
  const axes = (Object.keys(configuration) as (keyof Configuration)[]).filter((name) => name !== 'method');
  return [
    { name: 'id', type: 'VARCHAR', of: (task) => task.replica },
    { name: 'index', type: 'BIGINT', of: (task) => task.index },
    { name: 'method', type: 'VARCHAR', of: methodOf },
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

function methodOf({ configuration }: Task): Method {
  return configuration.method ?? 'pinn';
}

/** Of a limit that may be "off" the number, or null; null too of what makes no difference to the replica's method. */
function axisColumn(name: keyof Configuration, configuration: Configuration): TaskColumn {
  if (name === 'loss.huberMv') return { name, type: 'DOUBLE', of: (task) => numberOf(valueOf(task, name)) };
  const type = typeof configuration[name] === 'string' ? 'VARCHAR' : 'DOUBLE';
  return { name, type, of: (task) => valueOf(task, name) };
}

function valueOf(task: Task, name: keyof Configuration): string | number | undefined {
  return matters(name, methodOf(task)) ? task.configuration[name] : undefined;
}

function numberOf(value: string | number | undefined): number | undefined {
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
