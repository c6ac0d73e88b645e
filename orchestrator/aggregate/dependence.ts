/** How two parameters go together over accepted replicas, and how the Fisher information says that they do: where both are near 1 or -1, the data fix a combination of the two. */
import type { Dependence, InferredParameter, Lock, Summary } from '../../schemas/generated/types.ts';
import { median } from '../../schemas/sample-quantile.ts';
import { robustCorrelation } from '../statistics/robust-correlation.ts';
import { ensembleOf, valuesOf } from './ensemble.ts';
import type { ReplicaTable } from './replica-table.ts';
import { scaleOf } from './scale.ts';
import { evenlySpaced } from './shown-data.ts';

/** A typical replica: its Fisher information is asked for. */
export interface InformationQuestion {
  /** position in lock.resolved.problem.data */
  readonly data: number;
  readonly draw: number;
  /** position in the expansion */
  readonly index: number;
  readonly parameters: Readonly<Record<string, number>>;
  /** every state as it is stored, at the first time from `tMs` on */
  readonly statesAt: (tMs: number) => Readonly<Record<string, number>>;
}

/** Of some data sets the accepted replica of median misfit among those that keep their traces. */
export function informationQuestions(table: ReplicaTable): InformationQuestion[] {
  const units = new Map<number, number[]>();
  for (const row of table.traces.keys()) {
    if (table.accepted[row] !== 1) continue;
    const unit = table.data[row]!;
    units.set(unit, [...(units.get(unit) ?? []), row]);
  }
  const chosen = evenlySpaced(
    [...units].toSorted(([a], [b]) => a - b),
    MOST_QUESTIONS,
  );
  return chosen.map(([data, rows]) => {
    const sorted = rows.toSorted((a, b) => table.predictiveRmseMv[a]! - table.predictiveRmseMv[b]! || a - b);
    const row = sorted[Math.floor((sorted.length - 1) / 2)]!;
    const { tMs, states } = table.traces.get(row)!;
    const stored = (from: number): number =>
      Math.max(
        0,
        tMs.findIndex((t) => t >= from),
      );
    return {
      data,
      draw: table.draw[row]!,
      index: table.index[row]!,
      parameters: Object.fromEntries(Object.entries(table.parameters).map(([name, column]) => [name, column[row]!])),
      statesAt: (from) => Object.fromEntries(Object.entries(states).map(([state, values]) => [state, values[stored(from)]!])),
    };
  });
}

/** What the Fisher information says of one data set, by names of two parameters; undefined where it says nothing. */
export type InformationCorrelation = (x: string, y: string) => number | undefined;

/** An integration with sensitivities each. */
const MOST_QUESTIONS = 4;
/** Pairs grow with the square of the parameters. */
const MOST_PARAMETERS = 12;

/** Nothing of one parameter, or below 3 accepted replicas. `information`: one for each data set that was asked. */
export function summariseDependence(
  { resolved }: Pick<Lock, 'resolved'>,
  table: ReplicaTable,
  information: readonly InformationCorrelation[],
): Pick<Summary, 'dependence'> {
  const infer = resolved.problem.infer.slice(0, MOST_PARAMETERS);
  const accepted = ensembleOf(table, table.accepted);
  const columns = infer.map((parameter) =>
    valuesOf(accepted, table.parameters[parameter.name]!).map((value) => scaleOf(parameter).forward(value)),
  );
  const dependence = infer.flatMap((y, j) =>
    infer.slice(0, j).flatMap((x, i) => {
      const found = robustCorrelation(columns[i]!, columns[j]!);
      return found === null ? [] : [{ x: x.name, y: y.name, ...found, ...fisherOf(x, y, information) } satisfies Dependence];
    }),
  );
  return dependence.length === 0 ? {} : { dependence };
}

function fisherOf(
  { name: x }: InferredParameter,
  { name: y }: InferredParameter,
  information: readonly InformationCorrelation[],
): { fisher?: number } {
  const fisher = median(information.map((of) => of(x, y) ?? NaN));
  return fisher === null ? {} : { fisher };
}
