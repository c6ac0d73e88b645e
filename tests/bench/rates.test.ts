/** What the benchmarks compute from rates: the figures of the README stand on it. */
import { expect, test } from 'vitest';
import { answeredRate, lastLine, listOf, matrixProductFlops, median, pairedRatio, tableOf } from './rates.mjs';

test('the operations of the two workloads are those counted by hand', () => {
  // per point 16,896 forward, 16,896 weight gradient, 8,704 adjoint for W1
  expect(matrixProductFlops({ samples: 512, features: 32, depth: 3, width: 32 })).toBe(21_757_952);
  expect(matrixProductFlops({ samples: 1024, features: 32, depth: 4, width: 64 })).toBe(187_695_104);
});

test('a median is the middle value, or the mean of the middle two, in whatever order they come', () => {
  expect(median([10, 9, 100])).toBe(10);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(() => median([])).toThrow('internal');
});

test('slices of one round are compared with each other, not the middle of one list with the middle of the other', () => {
  // the first ran at the second's speed, but for one round in which the second was disturbed
  expect(pairedRatio([10, 20, 30], [10, 5, 30])).toBe(1);
  const speeds = [1, 0.9, 0.5, 0.4, 0.4];
  const ratio = pairedRatio(
    speeds.map((speed) => 300 * speed),
    speeds.map((speed) => 100 * speed),
  );
  expect(ratio).toBeCloseTo(3, 12); // rounding only
});

test('slices that have no partner are not compared', () => {
  expect(() => pairedRatio([1, 2], [1])).toThrow('internal');
});

test('a rate is read from an answer with or without a loss, and nothing else passes for one', () => {
  expect(answeredRate('1769.25 0.0123')).toBe(1769.25);
  expect(answeredRate(' 117.2\r')).toBe(117.2);
  for (const line of ['', 'nan 1', '0 1', '-3', 'Infinity', 'Traceback']) expect(() => answeredRate(line)).toThrow('no rate');
});

test('the reason of a failure is the last line that has text', () => {
  expect(lastLine('Traceback:\n  File "x"\nModuleNotFoundError: No module named \'jax\'\n\n')).toBe(
    "ModuleNotFoundError: No module named 'jax'",
  );
  expect(lastLine('')).toBe('');
});

test('a list may have blanks and empty places', () => {
  expect(listOf('native, wasm,,tfjs')).toEqual(['native', 'wasm', 'tfjs']);
});

test('columns of a table are as wide as their widest cell, numbers to the right', () => {
  expect(
    tableOf(
      ['engine', 'rate'],
      [
        ['a', 7],
        ['reference', 12345],
      ],
    ),
  ).toBe(['engine      rate', '---------  -----', 'a              7', 'reference  12345'].join('\n'));
});
