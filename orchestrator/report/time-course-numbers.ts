/** The numbers behind the figures of time courses: the bands on the grid of the traces, and the data on their own. */
import type { Band } from '../aggregate/band.ts';
import type { ShownData } from '../aggregate/shown-data.ts';
import { columnName } from './numbers-table.ts';
import type { NumbersCell, NumbersTable } from './numbers-table.ts';
import { thinTogether } from './thinning.ts';
import { MOST_POINTS } from './time-course.ts';
import type { Observation } from './time-course.ts';

/** One shown data unit and draw, as a table names it. */
export interface NamedCourse {
  readonly label: string;
  readonly shown: ShownData;
  readonly observation: Observation | undefined;
}

const BANDS: readonly (readonly [part: string, of: (band: Band) => Float64Array])[] = [
  ['2.5 %', ({ low95 }) => low95],
  ['25 %', ({ low50 }) => low50],
  ['median', ({ median }) => median],
  ['75 %', ({ high50 }) => high50],
  ['97.5 %', ({ high95 }) => high95],
  ['simultaneous 95 % from', ({ lowWhole }) => lowWhole],
  ['simultaneous 95 % to', ({ highWhole }) => highWhole],
];

/** A row for each time of the traces. `units`: of the states that are wanted. */
export function bandNumbers(courses: readonly NamedCourse[], units: Readonly<Record<string, string>>): NumbersTable {
  const states = Object.entries(units);
  const columns = states.flatMap(([state, unit]) => bandColumns(state, unit));
  const simulated = units['V'] === undefined ? [] : bandColumns('simulated V', 'mV');
  return {
    columns: ['data', 'replicas', 'time (ms)', ...columns, ...simulated],
    rows: courses.flatMap(({ label, shown }) =>
      Array.from(shown.tMs, (tMs, i) => [
        label,
        shown.replicas,
        tMs,
        ...states.flatMap(([state]) => bandCells(shown.states[state], i)),
        ...(simulated.length === 0 ? [] : bandCells(shown.simulatedV, i)),
      ]),
    ),
  };
}

export function bandColumns(name: string, unit: string): string[] {
  return BANDS.map(([part]) => columnName(`${name}, ${part}`, unit));
}

/** Of one time. */
export function bandCells(band: Band | undefined, i: number): NumbersCell[] {
  return BANDS.map(([, of]) => (band === undefined ? null : of(band)[i]));
}

/** A row for each sample that is drawn: V and the stimulus, and the truth where it is known. */
export function observedNumbers(courses: readonly NamedCourse[], currentUnit: string): NumbersTable {
  const states = [...new Set(courses.flatMap(({ observation }) => Object.keys(observation?.truth?.states ?? {})))];
  return {
    part: 'data',
    columns: ['data', 'time (ms)', 'V (mV)', columnName('I', currentUnit), ...states.map((state) => `true ${state}`)],
    rows: courses.flatMap(({ label, observation }) => (observation === undefined ? [] : observedRows(label, observation, states))),
  };
}

function observedRows(label: string, { tMs, voltageMv, current, truth }: Observation, states: readonly string[]): NumbersCell[][] {
  const series = [voltageMv, current, ...Object.values(truth?.states ?? {})];
  return thinTogether(series, MOST_POINTS).map((i) => [
    label,
    tMs[i],
    voltageMv[i],
    current[i],
    ...states.map((state) => truth?.states[state]?.[i]),
  ]);
}
