import { expect, test } from 'vitest';
import { loadModel } from '../../../worker/models/library.ts';
import { simulate } from '../../../worker/simulate/forward.ts';
import { simulationTable } from '../../../worker/simulate/simulation-table.ts';

test.each([
  ['hodgkin-huxley', ['timeMs', 'currentUaPerCm2', 'voltageMv', 'm', 'h', 'n']],
  ['pospischil-rs', ['timeMs', 'currentPa', 'voltageMv', 'm', 'h', 'n', 'p']],
])('the table of %s names its units as the columns of a recording do', (name, columns) => {
  const { model } = loadModel(name, '.');
  const current = Float64Array.from({ length: 11 }, (_, i) => i);
  const outcome = simulate(model, { parameters: {}, current, sampleMs: 0.1 });
  if (outcome.kind === 'failed') throw new Error(outcome.reason);
  const table = simulationTable(model, outcome.states, current, 0.1);
  const rows = [...table.rows()];
  expect(table.columns).toEqual(columns);
  expect(rows).toHaveLength(11);
  expect(rows[3]!.slice(0, 2)).toEqual([0.3, 3]);
  expect(rows[3]).toHaveLength(columns.length);
  rows.forEach((row, i) => expect(row[2]).toBeCloseTo(outcome.states['V']![i]!, 9));
});
