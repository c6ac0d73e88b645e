/** Kendall's tau against SciPy (fixtures/correlation.py), and what it is taken for. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { robustCorrelation } from '../../../orchestrator/statistics/robust-correlation.ts';
import { randomStream } from '../../../schemas/random.ts';

interface Reference {
  cases: { x: number[]; y: number[]; tau: number }[];
}

// the file is ours, made by the script beside it
const { cases } = JSON.parse(readFileSync(new URL('fixtures/correlation.json', import.meta.url), 'utf8')) as Reference;

test.each(cases.map((one) => [one.x.length, one] as const))('tau of %i pairs is that of SciPy, ties and all', (_, { x, y, tau }) => {
  expect(robustCorrelation(x, y)!.tau).toBeCloseTo(tau, 12);
});

/** 1200 pairs of correlation 0.8. */
function normalPairs(): { x: number[]; y: number[] } {
  const [first, second] = [randomStream(3, 'first'), randomStream(3, 'second')];
  const x = Array.from({ length: 1200 }, (_, i) => first.normal(i));
  return { x, y: x.map((value, i) => 0.8 * value + 0.6 * second.normal(i)) };
}

test('of normal pairs the correlation is Pearson’s, and a few wild ones hardly move it', () => {
  const { x, y } = normalPairs();
  expect(robustCorrelation(x, y)!.correlation).toBeGreaterThan(0.77);
  expect(robustCorrelation(x, y)!.correlation).toBeLessThan(0.83);
  const wild = y.map((value, i) => (i % 60 === 0 ? -1e6 * x[i]! : value));
  expect(robustCorrelation(x, wild)!.correlation).toBeGreaterThan(0.72);
});

test('of many pairs some stand for all, whatever the order that they come in', () => {
  // a sweep of two widths, one after the other: every second pair is of one width, where nothing goes together
  const noise = randomStream(4, 'noise');
  const x = Array.from({ length: 20_000 }, (_, i) => (i % 2) + 0.2 * noise.normal(2 * i));
  const y = x.map((_, i) => (i % 2) + 0.2 * noise.normal(2 * i + 1));
  expect(robustCorrelation(x, y)!.tau).toBeGreaterThan(0.4);
});

test('too few pairs, or one side that does not vary, have none', () => {
  expect(robustCorrelation([1, 2], [1, 2])).toBeNull();
  expect(robustCorrelation([1, 1, 1, 1], [1, 2, 3, 4])).toBeNull();
});
