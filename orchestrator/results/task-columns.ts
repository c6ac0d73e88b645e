/** The columns of replicas.parquet that a result does not carry: what the expansion says of a replica. */
import type { Configuration, Method, Start, Task } from '../../schemas/generated/types.ts';
import { isFixedAxis, parameterOf } from '../spec/axes.ts';
import { matters } from '../spec/method-spaces.ts';
import type { ModelUnits } from './result-columns.ts';

export interface TaskColumn {
  readonly name: string;
  /** DuckDB's type */
  readonly type: 'VARCHAR' | 'DOUBLE' | 'BIGINT';
  /** What of a task it is told by: replicas share configurations, data units and first guesses, and so their texts. */
  readonly by: 'configuration' | 'data' | 'infer' | 'replica';
  readonly of: (task: Task) => string | number | undefined;
  /** '1' of a count; absent of a text, or where it is not known */
  readonly unit?: string;
  readonly description: string;
}

/** In the order of the file. Axes are named as in the spec, parameters inferred from `start.NAME` and `truth.NAME`. */
export function taskColumns({ configuration, infer }: Task, units: ModelUnits): TaskColumn[] {
  // keys of a Configuration: it has no others
  const axes = (Object.keys(configuration) as (keyof Configuration)[]).filter((name) => name !== 'method');
  const text = { type: 'VARCHAR' } as const;
  const count = { type: 'BIGINT', unit: '1' } as const;
  return [
    { name: 'id', ...text, by: 'replica', of: (task) => task.replica, description: 'hash of all that determines its numbers' },
    { name: 'index', ...count, by: 'replica', of: (task) => task.index, description: "position in the sweep's expansion" },
    { name: 'method', ...text, by: 'configuration', of: methodOf, description: 'what estimates the parameters' },
    ...axes.map((name) => axisColumn(name, configuration, units)),
    { name: 'data', ...text, by: 'data', of: (task) => task.data.id, description: 'id of the data unit: hash of its content' },
    { name: 'data.label', ...text, by: 'data', of: (task) => task.data.label, description: 'data unit in words' },
    { name: 'data.entry', ...count, by: 'data', of: (task) => task.data.entry, description: 'entry of problem.data in the spec, from 0' },
    { name: 'data.sweep', ...count, by: 'data', of: (task) => task.data.sweep, description: 'sweep of the recording' },
    { name: 'data.window', ...count, by: 'data', of: (task) => task.data.window, description: 'window of the sweep, from 0' },
    { name: 'draw', ...count, by: 'replica', of: (task) => task.draw, description: 'noise draw, from 0' },
    { name: 'seed', ...count, by: 'replica', of: (task) => task.seed, description: 'everything random in the replica derives from it' },
    ...infer.map(({ name }, position) => ({
      name: `start.${name}`,
      type: 'DOUBLE' as const,
      by: 'infer' as const,
      of: (task: Task) => startOf(task.infer, position),
      ...unitOf(units.parameters[name]),
      description: 'first guess',
    })),
    ...infer.map(({ name }) => ({
      name: `truth.${name}`,
      type: 'DOUBLE' as const,
      by: 'data' as const,
      of: ({ data: { source } }: Task) => (source.kind === 'synthetic' ? source.parameters[name] : undefined),
      ...unitOf(units.parameters[name]),
      description: 'true value, of synthetic data',
    })),
  ];
}

/** A function from a task to its columns as JSON, `"name":value` with a comma after each; what is absent is left out. */
export function taskTexts(columns: readonly TaskColumn[]): (task: Task) => string {
  const of = (by: TaskColumn['by']): KeyedColumn[] =>
    columns.filter((column) => column.by === by).map((column) => ({ key: JSON.stringify(column.name), of: column.of }));
  const configuration = remembered(of('configuration'), (task) => task.configuration);
  const unit = remembered(of('data'), (task) => task.data);
  const starts = remembered(of('infer'), (task) => task.infer);
  const own = of('replica');
  return (task) => `${textOf(own, task)}${configuration(task)}${unit(task)}${starts(task)}`;
}

/** With its name as JSON: that of a column is the same a million times. */
interface KeyedColumn extends Pick<TaskColumn, 'of'> {
  readonly key: string;
}

function remembered(columns: readonly KeyedColumn[], part: (task: Task) => object): (task: Task) => string {
  const known = new WeakMap<object, string>();
  return (task) => {
    const present = known.get(part(task));
    if (present !== undefined) return present;
    const text = textOf(columns, task);
    known.set(part(task), text);
    return text;
  };
}

function textOf(columns: readonly KeyedColumn[], task: Task): string {
  let text = '';
  for (const { key, of } of columns) {
    const value = of(task);
    if (value !== undefined) text += `${key}:${JSON.stringify(value)},`;
  }
  return text;
}

function methodOf({ configuration }: Task): Method {
  return configuration.method ?? 'pinn';
}

/** Of a limit that may be "off" the number, or null; null too of what makes no difference to the replica's method. */
function axisColumn(name: keyof Configuration, configuration: Configuration, units: ModelUnits): TaskColumn {
  const isText = name !== 'loss.huberMv' && typeof configuration[name] === 'string';
  const unit = isText ? undefined : isFixedAxis(name) ? units.parameters[parameterOf(name)] : (AXIS_UNITS[name] ?? '1');
  return {
    name,
    type: isText ? 'VARCHAR' : 'DOUBLE',
    by: 'configuration',
    of: isText ? (task) => valueOf(task, name) : (task) => numberOf(valueOf(task, name)),
    ...unitOf(unit),
    description: 'axis of the spec',
  };
}

/** The others have none. */
const AXIS_UNITS: Readonly<Record<string, string>> = { 'network.bandwidthKhz': 'kHz', 'loss.huberMv': 'mV' };

function unitOf(unit: string | undefined): { unit?: string } {
  return unit === undefined ? {} : { unit };
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
