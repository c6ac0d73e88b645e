/** Accepted replicas as tables for a spreadsheet or another program: one row for each replica, and their time courses in long form. */
import type { ModelUnits } from '../results/result-columns.ts';
import type { AcceptedReplica } from './accepted-ensemble.ts';

/** A row for each replica and segment; a header names each column with its unit. */
export function parametersCsv(accepted: readonly AcceptedReplica[], { parameters, states }: ModelUnits): string {
  const [first] = accepted;
  const names = Object.keys(parameters);
  const errors = Object.keys(first?.estimate.parameters ?? {});
  const header = [
    'replica',
    'data',
    'segment',
    'draw',
    'seed',
    'method',
    ...names.map((name) => withUnit(name, parameters[name]!)),
    ...errors.map((name) => withUnit(`standard error of ${name}`, parameters[name]!)),
    ...Object.entries(states).map(([name, unit]) => withUnit(`${name}(0)`, unit)),
    'forward RMSE (mV)',
  ];
  const rows = accepted.flatMap(({ task, estimate }) => {
    const values: Readonly<Record<string, number>> = { ...task.fixed, ...estimate.parameters, ...estimate.tied };
    return [estimate.initial, ...(estimate.furtherInitial ?? [])].map((initial, segment) => [
      task.replica,
      task.data.label,
      segment + 1,
      task.draw + 1,
      task.seed,
      task.configuration.method ?? 'pinn',
      ...names.map((name) => values[name]),
      ...errors.map((name) => estimate.standardErrors?.[name]),
      ...Object.keys(states).map((name) => initial[name]),
      estimate.predictive?.rmseMv,
    ]);
  });
  return csv([header, ...rows]);
}

/** V and gates as the method reconstructs them, and V of the forward simulation; of the replicas that kept their traces. */
export function tracesCsv(accepted: readonly AcceptedReplica[], { states }: ModelUnits): string {
  const names = Object.keys(states);
  const header = ['replica', 'time (ms)', ...names.map((name) => withUnit(name, states[name]!)), 'simulated V (mV)'];
  const rows = accepted.flatMap(({ task, estimate: { traces } }) =>
    (traces?.tMs ?? []).map((tMs, i) => [task.replica, tMs, ...names.map((name) => traces?.states[name]?.[i]), traces?.simulatedV?.[i]]),
  );
  return csv([header, ...rows]);
}

function withUnit(name: string, unit: string): string {
  return unit === '1' ? name : `${name} (${unit})`;
}

type Cell = string | number | undefined;

function csv(rows: readonly (readonly Cell[])[]): string {
  return `${rows.map((row) => row.map(cell).join(',')).join('\n')}\n`;
}

function cell(value: Cell): string {
  if (value === undefined) return '';
  return typeof value === 'string' && /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : String(value);
}
