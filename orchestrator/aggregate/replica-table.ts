/**
 * All replicas of a sweep as columns: what every statistic and figure reads. Rows stand in the order of the expansion, whatever the
 * order in which results came, so everything computed from a table is independent of that order. Of time courses a bounded sample is
 * kept (trace-sample.ts).
 */
import type { Lock, Predictive, ResolvedProblem, Result, Space, Task, Traces, Trainer } from '../../schemas/generated/types.ts';
import type { OutcomeKind } from '../../schemas/outcome-kind.ts';
import type { AxisName } from '../spec/axes.ts';
import { matters } from '../spec/method-spaces.ts';
import { columnsFor } from './column.ts';
import type { Coded, Columns } from './column.ts';
import { reasonOf } from './reason.ts';
import { everyRow, sortedByCodes } from './row-list.ts';
import { isEstimate } from './scale.ts';
import { heldOutLabels, REST_LABEL, spikeColumns, stretchColumns } from './score-columns.ts';
import { traceSample } from './trace-sample.ts';
import { trainerTally } from './trained-by.ts';
import type { ScoreColumn, SpikeColumns, StretchColumns } from './score-columns.ts';

export interface Replica {
  readonly task: Task;
  readonly result: Result;
}

/** Numbers are NaN where a replica has none. */
export interface ReplicaTable {
  readonly size: number;
  /** every row, by data unit, then draw: replicas on the same data stand together, ascending */
  readonly byData: Int32Array;
  /** position in the expansion, ascending */
  readonly index: Float64Array;
  /** position in lock.resolved.problem.data */
  readonly data: Int32Array;
  readonly draw: Int32Array;
  /** of the network; replicas of several configurations or data share it */
  readonly seed: Float64Array;
  readonly outcome: Coded<OutcomeKind>;
  /** kind/reason of those that are not accepted; '' of the others */
  readonly reason: Coded<string>;
  /** 1: converged, with a finite estimate of every inferred parameter: the truth-free filter */
  readonly accepted: Uint8Array;
  /** 1: finite estimate of every inferred parameter */
  readonly estimated: Uint8Array;
  /** by name, in the parameter's unit */
  readonly parameters: Readonly<Record<string, Float64Array>>;
  /** of parameters that follow others, by name, in the parameter's unit */
  readonly tied: Readonly<Record<string, Float64Array>>;
  /** the networks' own before a finish, by name; empty where no replica has one */
  readonly networkParameters: Readonly<Record<string, Float64Array>>;
  /** of the finish, by name, in the parameter's unit; Infinity where V does not determine it; empty where no replica has one */
  readonly standardErrors: Readonly<Record<string, Float64Array>>;
  /** first guesses, by name */
  readonly starts: Readonly<Record<string, Float64Array>>;
  /** axes of the configuration that the spec varies; an axis of the network says nothing of a replica without one */
  readonly axes: Readonly<Record<string, Coded<string | number>>>;
  readonly networkRmseMv: Float64Array;
  /** by state */
  readonly rmseToTruth: Readonly<Record<string, Float64Array>>;
  /** forward simulation against data */
  readonly predictiveRmseMv: Float64Array;
  readonly chi2: Float64Array;
  readonly spikesObserved: Float64Array;
  readonly spikesSimulated: Float64Array;
  readonly coincidence: Float64Array;
  readonly spikes: SpikeColumns;
  /** what the replicas were not trained on */
  readonly rest: StretchColumns;
  readonly heldOut: readonly StretchColumns[];
  /** Cramer-Rao bounds, by name, in the parameter's unit; Infinity where V does not determine it; empty where no replica has one */
  readonly bounds: Readonly<Record<string, Float64Array>>;
  /** the weakest direction in words, by row; of the first MOST_WORDS replicas alone */
  readonly weakest: ReadonlyMap<number, string>;
  readonly seconds: Float64Array;
  /** processor time; empty where no replica has one */
  readonly cpuSeconds: Float64Array;
  readonly steps: Float64Array;
  /** of the replicas that keep them, by row */
  readonly traces: ReadonlyMap<number, Traces>;
  /** the most replicas first */
  readonly trainers: readonly Trainer[];
}

/** A sentence each: of a million replicas they would take more memory than all the numbers. */
const MOST_WORDS = 10_000;

/** Takes replicas in any order, one at a time. */
export interface TableBuilder {
  readonly add: (replica: Replica) => void;
  readonly finish: () => ReplicaTable;
}

/** `expected`: how many, where that is known. */
export function tableBuilder({ resolved }: Pick<Lock, 'resolved'>, expected = 0): TableBuilder {
  const { infer, states } = resolved.problem;
  const columns = columnsFor(expected);
  const { float64, sparse64, coded } = columns;
  const fixed = fixedFields(resolved.problem, columns);
  const parameters = record(infer, ({ name }) => [name, field(float64(), ({ result }) => result.estimate?.parameters[name] ?? NaN)]);
  const tied = record(resolved.problem.tied ?? [], ({ name }) => [
    name,
    field(float64(), ({ result }) => result.estimate?.tied?.[name] ?? NaN),
  ]);
  const networkParameters = record(infer, ({ name }) => [
    name,
    field(sparse64(), ({ result }) => result.estimate?.network.parameters?.[name] ?? NaN),
  ]);
  const standardErrors = record(infer, ({ name }) => [
    name,
    field(sparse64(), ({ result }) => errorOf(result.estimate?.standardErrors, name)),
  ]);
  const starts = record(infer, ({ name }) => [name, field(float64(), ({ task }) => startOf(task, name))]);
  const rmseToTruth = record(states, (state) => [
    state,
    field(float64(), ({ result }) => result.estimate?.network.rmseToTruth?.[state] ?? NaN),
  ]);
  const axes = record(variedAxes(resolved.space), (axis) => [axis, field(coded<string | number>(), ({ task }) => axisValue(task, axis))]);
  const fields = [fixed, parameters, tied, networkParameters, standardErrors, starts, rmseToTruth, axes].flatMap((group) =>
    Object.values<Field<unknown>>(group),
  );
  const bounds = record(infer, ({ name }) => [
    name,
    field(sparse64(), ({ result }) => errorOf(result.estimate?.bound?.standardErrors, name)),
  ]);
  const scores = scoreFields(resolved.problem, columns);
  const traces = traceSample();
  const trainers = trainerTally();
  const weakest = new Map<number, string>();

  return {
    add: (replica) => {
      for (const one of fields) one.add(replica);
      trainers.add(replica.result);
      for (const one of [...Object.values(bounds), scores.spikes, scores.rest, ...scores.heldOut]) one.add(replica);
      const { bound } = replica.result.estimate ?? {};
      if (bound !== undefined && replica.task.index < MOST_WORDS) weakest.set(replica.task.index, bound.weakest);
      const { estimate } = replica.result;
      if (estimate?.traces !== undefined) traces.add({ replica: replica.task.replica, index: replica.task.index, traces: estimate.traces });
    },
    finish: () => {
      const rows = sortedRows(fixed.index.take());
      const always = taken(fixed, rows);
      return {
        size: rows.length,
        ...always,
        byData: sortedByCodes(everyRow(rows.length), [always.data, always.draw]),
        parameters: taken(parameters, rows),
        tied: taken(tied, rows),
        networkParameters: taken(networkParameters, rows),
        standardErrors: taken(standardErrors, rows),
        starts: taken(starts, rows),
        rmseToTruth: taken(rmseToTruth, rows),
        axes: taken(axes, rows),
        bounds: taken(bounds, rows),
        spikes: scores.spikes.take(rows),
        rest: scores.rest.take(rows),
        heldOut: scores.heldOut.map((one) => one.take(rows)),
        weakest: byRow(weakest, always.index),
        traces: byRow(traces.take(), always.index),
        trainers: trainers.take(),
      };
    },
  };
}

/** Axes that the spec gives a distribution, in the order of the schema. */
function variedAxes(space: Space): (AxisName | 'method')[] {
  // Object.keys of a validated space
  const names = Object.keys(space) as (keyof Space)[];
  return names.filter((name) => name !== 'replicas').filter((name) => typeof space[name] === 'object');
}

/** The columns that every sweep has. */
function fixedFields({ data, infer }: ResolvedProblem, { float64, sparse64, int32, flags, coded }: Columns) {
  const unitOf = new Map(data.map((unit, position) => [unit.id, position]));
  const estimated = ({ result }: Replica) => infer.every((parameter) => isEstimate(result.estimate?.parameters[parameter.name], parameter));
  const accepted = (replica: Replica) => replica.result.outcome.kind === 'converged' && estimated(replica);
  const predictive = (read: (score: Predictive) => number | null) =>
    field(float64(), ({ result: { estimate } }) => (estimate?.predictive === undefined ? NaN : (read(estimate.predictive) ?? NaN)));
  return {
    index: field(float64(), ({ task }) => task.index),
    data: field(int32(), ({ task }) => unitPosition(task, unitOf)),
    draw: field(int32(), ({ task }) => task.draw),
    seed: field(float64(), ({ task }) => task.seed),
    outcome: field(coded<OutcomeKind>(), ({ result }) => result.outcome.kind),
    reason: field(coded<string>(), (replica) => (accepted(replica) ? '' : reasonOf(replica.result.outcome))),
    accepted: field(flags(), (replica) => Number(accepted(replica))),
    estimated: field(flags(), (replica) => Number(estimated(replica))),
    networkRmseMv: field(float64(), ({ result }) => result.estimate?.network.rmseMv ?? NaN),
    predictiveRmseMv: predictive((score) => score.rmseMv),
    chi2: predictive((score) => score.chi2),
    spikesObserved: predictive((score) => score.spikes.observed),
    spikesSimulated: predictive((score) => score.spikes.simulated),
    coincidence: predictive((score) => score.coincidence),
    seconds: field(float64(), ({ result }) => result.seconds),
    cpuSeconds: field(sparse64(), ({ result }) => result.cpuSeconds ?? NaN),
    steps: field(float64(), ({ result }) => result.steps),
  };
}

function scoreFields(problem: ResolvedProblem, columns: Columns) {
  const scores = <S, T>(
    column: ScoreColumn<S, T>,
    read: (result: Result) => S,
  ): { add(replica: Replica): void; take(rows: Int32Array): T } => ({
    add: ({ result }) => column.push(read(result)),
    take: (rows) => column.take(rows),
  });
  return {
    spikes: scores(spikeColumns(columns), ({ estimate }) => estimate?.predictive),
    rest: scores(stretchColumns(REST_LABEL, columns), ({ estimate }) => estimate?.rest ?? []),
    heldOut: heldOutLabels(problem).map((label) =>
      scores(stretchColumns(label, columns), ({ estimate }) => (estimate?.heldOut ?? []).filter((stretch) => stretch.label === label)),
    ),
  };
}

/** A column and where its values come from. */
interface Field<T> {
  add(replica: Replica): void;
  /** In the order of arrival without `rows`. */
  take(rows?: Int32Array): T;
}

function field<V, T>(column: { push(value: V): void; take(rows?: Int32Array): T }, value: (replica: Replica) => V): Field<T> {
  return { add: (replica) => column.push(value(replica)), take: (rows) => column.take(rows) };
}

function record<K, N extends string, F>(keys: readonly K[], entry: (key: K) => [N, F]): Record<N, F> {
  // Object.fromEntries widens its keys to string
  return Object.fromEntries(keys.map(entry)) as Record<N, F>;
}

function taken<F extends Record<string, Field<unknown>>>(fields: F, rows: Int32Array): { [K in keyof F]: ReturnType<F[K]['take']> } {
  // each field keeps its key and gives its own kind of column
  return Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, one.take(rows)])) as never;
}

function sortedRows(index: Float64Array): Int32Array {
  const rows = everyRow(index.length);
  if (index.some((one, row) => row > 0 && one < index[row - 1]!)) rows.sort((a, b) => index[a]! - index[b]!);
  const twice = rows.find((row, i) => i > 0 && index[row] === index[rows[i - 1]!]);
  if (twice !== undefined) throw new Error(`internal: replica ${index[twice]} has two results`);
  return rows;
}

/** Results leave out what V does not determine: an error without bound. */
function errorOf(standardErrors: Readonly<Record<string, number>> | undefined, name: string): number {
  return standardErrors === undefined ? NaN : (standardErrors[name] ?? Infinity);
}

function unitPosition(task: Task, unitOf: ReadonlyMap<string, number>): number {
  const position = unitOf.get(task.data.id);
  if (position === undefined)
    throw new Error(`internal: replica ${task.index} is fitted to data unit ${task.data.id}, which the lock lacks`);
  return position;
}

function startOf(task: Task, name: string): number {
  return task.infer.find((start) => start.name === name)?.start ?? NaN;
}

/** The expansion gives every configuration of a sweep the same keys, but for the method, which a PINN leaves out. */
function axisValue({ configuration, index }: Task, axis: AxisName | 'method'): string | number | undefined {
  const { method = 'pinn' } = configuration;
  if (axis === 'method') return method;
  if (!matters(axis, method)) return undefined;
  const value = configuration[axis];
  if (value === undefined) throw new Error(`internal: replica ${index} has no ${axis}`);
  return value;
}

/** From position in the expansion to row. */
function byRow<T>(byPosition: ReadonlyMap<number, T>, index: Float64Array): Map<number, T> {
  const rows = new Map<number, T>();
  for (let row = 0; row < index.length; row++) {
    const one = byPosition.get(index[row]!);
    if (one !== undefined) rows.set(row, one);
  }
  return rows;
}
