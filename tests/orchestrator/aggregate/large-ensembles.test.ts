/** What is counted over some of many replicas stands for all of them: on tables that were made, as so many replicas take seconds. */
import { expect, test } from 'vitest';
import { aggregate } from '../../../orchestrator/aggregate/aggregate.ts';
import { groupRows } from '../../../orchestrator/aggregate/bootstrap-groups.ts';
import { everyRow } from '../../../orchestrator/aggregate/row-list.ts';
import { sweepFactors } from '../../../orchestrator/aggregate/sweep-factors.ts';
import { fixtureLock, fixtureReplicas } from '../../helpers/ensemble-fixture.ts';

const small = { draws: 1, seeds: 1, accepted: 1, traces: false };
const lock = fixtureLock(small);
const { replicas: table } = aggregate({ lock, planned: 1, replicas: fixtureReplicas(small) }).tables;
const column = (size: number, of: (row: number) => number) => Int32Array.from({ length: size }, (_, row) => of(row));

test('an interval of many data sets on each of which every width was trained is of every width', () => {
  const [size, widths] = [40_000, [12, 16, 24, 32]];
  const axes = { 'network.width': { values: widths, codes: column(size, (row) => row % 4) } };
  const many = { ...table, size, data: column(size, () => 0), draw: column(size, (row) => Math.floor(row / 4)), axes };
  const { rows } = groupRows(many, { rows: everyRow(size), starts: Int32Array.of(0, size) });
  const counts = widths.map((_, code) => rows.filter((row) => row % 4 === code).length);
  expect(rows).toHaveLength(10_000);
  for (const count of counts) expect(Math.abs(count - 2500)).toBeLessThan(10);
});

test('replicas that an axis of many numbers says nothing of are a level of their own', () => {
  const values = Array.from({ length: 20 }, (_, i) => 10 + i);
  const axes = { 'network.width': { values, codes: column(80, (row) => (row < 40 ? -1 : row % 20)) } };
  const mixed = { ...table, size: 80, data: column(80, () => 0), draw: column(80, () => 0), seed: new Float64Array(80), axes };
  const [width] = sweepFactors(lock, mixed, everyRow(80)).factors;
  expect(width!.levels).toBe(5);
  expect(width!.codes.filter((code) => code === 0)).toHaveLength(40);
});
