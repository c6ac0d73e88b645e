import { expect, test } from 'vitest';
import { describeData, plannedData } from '../../../orchestrator/cli/planned-data.ts';
import type { DataUnit } from '../../../schemas/generated/types.ts';
import { taskFixture } from '../../helpers/replica-fixture.ts';

const { data } = taskFixture(0);
const object = 'a'.repeat(64);
const joint: DataUnit = {
  ...data,
  label: 'cell',
  segments: [0, 200],
  heldOut: [
    { label: 'sweep 8, rest', object, fitted: [[0, 9]] },
    { label: 'sweep 9', object },
    { label: 'sweep 11', object },
  ],
};

test('the plan says of each data unit what is fitted and what is held out', () => {
  expect(plannedData(data)).toEqual({ label: 'step "10"', samples: 501, sampleMs: 0.1, windows: 1, rest: [], heldOut: [] });
  expect(describeData([plannedData(data), plannedData(joint)])).toEqual([
    '  step "10": fitted to 501 samples of 0.1 ms',
    '  cell: fitted to 501 samples of 0.1 ms in 2 windows',
    '    scored on sweep 8, rest',
    '    held out, for the score only: sweep 9, sweep 11',
  ]);
});

test('the plan names the first of many', () => {
  const heldOut = Array.from({ length: 14 }, (_, k) => ({ label: `sweep ${k}`, object }));
  expect(describeData([plannedData({ ...data, counted: 480 })])[0]).toMatch(/fitted to 480 of 501 samples/);
  const lines = describeData(Array.from({ length: 15 }, () => plannedData({ ...data, heldOut })));
  expect(lines.at(-1)).toBe('  and 3 more data units');
  expect(lines[1]).toMatch(/sweep 0, .*sweep 11 and 2 more$/);
});
