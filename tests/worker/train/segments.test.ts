import { expect, test } from 'vitest';
import type { DataUnit } from '../../../schemas/generated/types.ts';
import { concatenated, firstSamples, segmentSpans, unitSegments } from '../../../worker/train/segments.ts';

const unit: DataUnit = {
  id: 'a'.repeat(64),
  entry: 0,
  label: 'cell',
  draws: 1,
  samples: 9,
  segments: [0, 4],
  sampleMs: 0.1,
  sigmaMv: 1,
  source: { kind: 'trace', object: 'b'.repeat(64) },
};
const { segments: _, ...single } = unit;

test('segments follow each other without a gap', () => {
  expect(firstSamples([4, 2, 3])).toEqual([0, 4, 6]);
  expect(segmentSpans([0, 4, 6], 9)).toEqual([
    { from: 0, to: 4 },
    { from: 4, to: 6 },
    { from: 6, to: 9 },
  ]);
  expect(concatenated([Float64Array.of(1, 2), Float64Array.of(), Float64Array.of(3)])).toEqual(Float64Array.of(1, 2, 3));
});

test('the segments of an observation are those of its data unit, one when none are named', () => {
  expect(unitSegments(unit, [0, 4])).toEqual(Int32Array.of(0, 4));
  expect(unitSegments(single)).toEqual(Int32Array.of(0));
});

test.each([
  ['found elsewhere', unit, [0, 5], 'cell: must have its segments at [0, 4], as the task says; got [0, 5]'],
  ['found where the unit has one', single, [0, 4], 'must have its segments at [0]'],
  ['not found', unit, undefined, 'got [0]'],
  ['of one sample', { ...unit, segments: [0, 8] }, [0, 8], 'every segment must have two samples'],
  ['that do not begin at 0', { ...unit, segments: [2, 5] }, [2, 5], 'every segment must have two samples'],
  ['that go back', { ...unit, segments: [0, 6, 4] }, [0, 6, 4], 'every segment must have two samples'],
])('segments %s are refused', (_name, data, found, message) => {
  expect(() => unitSegments(data, found)).toThrow(message);
});
