/**
 * What the gate needs of one run: its replicas as rows, and what is measured of each. A baseline is such a record with the tolerances beside
 * it. Only accepted replicas have values; the others count in the success rate alone.
 */
import type { GatedMeasure, GatedReplica, Lock } from '../../schemas/generated/types.ts';
import type { ReplicaTable } from '../aggregate/replica-table.ts';
import { trainedBy } from '../aggregate/trained-by.ts';
import { commonTruth } from '../aggregate/truth.ts';

export type Measure = Omit<GatedMeasure, 'tolerance'>;

export interface RunRecord {
  readonly sweep: { readonly name: string; readonly id: string; readonly model: string };
  readonly engine: string;
  /** One for all replicas; absent where it is not, or not known. */
  readonly arithmetic?: string;
  readonly processor?: string;
  readonly planned: number;
  readonly finished: number;
  readonly measures: readonly Measure[];
  /** Sorted by id. */
  readonly replicas: readonly GatedReplica[];
}

export interface RecordedRun {
  readonly lock: Lock;
  readonly table: ReplicaTable;
  readonly planned: number;
  /** Hosts that trained it: a processor is known of one alone. */
  readonly hosts: number;
  /** The id of the replica at an index of the expansion. */
  readonly replicaId: (index: number) => string;
}

/** Digits of an id that are kept: two in a million replicas agree with probability 3e-8. */
const ID_DIGITS = 16;
/** Significant digits of a value, in the baseline and so in what is held against it: equal bits give a shift of exactly 0. */
const DIGITS = 7;

export function recordOf({ lock, table, planned, hosts, replicaId }: RecordedRun): RunRecord {
  const { name, problem } = lock.resolved;
  const columns = columnsOf(lock, table);
  const replicas = Array.from(table.index, (index, row): GatedReplica => {
    const accepted = table.accepted[row] === 1;
    return {
      id: replicaId(index).slice(0, ID_DIGITS),
      cluster: `${problem.data[table.data[row]!]!.id.slice(0, ID_DIGITS)}:${table.draw[row]}`,
      accepted,
      seconds: rounded(table.seconds[row]!) ?? 0,
      ...cpuSecondsOf(table.cpuSeconds[row]),
      values: accepted ? columns.map(({ values }) => rounded(values[row] ?? NaN)) : [],
    };
  });
  return {
    sweep: { name, id: lock.sweep, model: problem.model.name },
    ...trainedBy(lock, table.trainers),
    ...(lock.processor === undefined || hosts !== 1 ? {} : { processor: lock.processor }),
    planned,
    finished: table.size,
    measures: columns.map(({ measure }) => measure),
    replicas: replicas.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

/** Absent where it is not known; the column is empty where it is of none. */
function cpuSecondsOf(seconds = NaN): Pick<GatedReplica, 'cpuSeconds'> {
  const known = rounded(seconds);
  return known === null ? {} : { cpuSeconds: known };
}

function rounded(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(DIGITS)) : null;
}

interface MeasuredColumn {
  readonly measure: Measure;
  /** By row of the table; may be empty. */
  readonly values: Float64Array;
}

function columnsOf(lock: Lock, table: ReplicaTable): MeasuredColumn[] {
  const all = [...parameterColumns(lock, table), ...reconstructionColumns(lock, table), ...predictiveColumns(table)];
  return all.filter(({ measure, values }) => measure.kind === 'parameter' || values.some(Number.isFinite));
}

function parameterColumns({ resolved }: Lock, table: ReplicaTable): MeasuredColumn[] {
  const { infer, data } = resolved.problem;
  return infer.map(({ name, unit, positive }) => {
    const truth = commonTruth(data, name);
    const scale = positive ? 'log' : 'linear';
    return {
      measure: { kind: 'parameter', name, unit, scale, ...(truth === undefined ? {} : { truth }) },
      values: table.parameters[name]!,
    };
  });
}

/** Every state against its truth, where the data are synthetic; of recordings only V is known, with its noise. */
function reconstructionColumns({ resolved }: Lock, table: ReplicaTable): MeasuredColumn[] {
  const { states, pools = {}, data } = resolved.problem;
  const misfit = (name: string, values: Float64Array): MeasuredColumn => ({
    measure: { kind: 'reconstruction', name, unit: name === 'V' ? 'mV' : (pools[name] ?? '1'), scale: 'log' },
    values,
  });
  if (data.some(({ source }) => source.kind !== 'synthetic')) return [misfit('V', table.networkRmseMv)];
  return states.map((state) => misfit(state, table.rmseToTruth[state]!));
}

/** The fitted data, and what was held out. */
function predictiveColumns(table: ReplicaTable): MeasuredColumn[] {
  const misfit = (name: string, values: Float64Array): MeasuredColumn => ({
    measure: { kind: 'predictive', name, unit: 'mV', scale: 'log' },
    values,
  });
  return [misfit('rmseMv', table.predictiveRmseMv), ...[table.rest, ...table.heldOut].map(({ label, rmseMv }) => misfit(label, rmseMv))];
}
