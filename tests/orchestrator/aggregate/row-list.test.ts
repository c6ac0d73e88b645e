import fc from 'fast-check';
import { expect, test } from 'vitest';
import { everyRow, rowsWith, sortedByCodes } from '../../../orchestrator/aggregate/row-list.ts';

test('rows are sorted as by comparing their codes, and those that are alike keep their order', () => {
  const code = fc.integer({ min: -1, max: 5 });
  fc.assert(
    fc.property(fc.array(fc.tuple(code, code), { maxLength: 40 }), (codes) => {
      const columns = [0, 1].map((column) => Int32Array.from(codes, (row) => row[column]!));
      const backward = everyRow(codes.length).toReversed();
      const compared = backward.toSorted((a, b) => columns[0]![a]! - columns[0]![b]! || columns[1]![a]! - columns[1]![b]! || b - a);
      expect(sortedByCodes(backward, columns)).toEqual(compared);
    }),
  );
});

test('picked rows stay in their order', () => {
  expect([...rowsWith(Int32Array.of(7, 2, 9, 4), (row) => row > 3)]).toEqual([7, 9, 4]);
  expect([...rowsWith(everyRow(0), () => true)]).toEqual([]);
});
