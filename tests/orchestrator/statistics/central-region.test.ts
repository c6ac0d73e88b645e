/** The order of whole curves, against NumPy (fixtures/central-region.py). */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ensembleBand } from '../../../orchestrator/aggregate/band.ts';
import { centralCurves } from '../../../orchestrator/statistics/central-region.ts';

interface Reference {
  cases: { share: number; curves: number[][]; central: number[]; low: number[]; high: number[] }[];
}

// the file is ours, made by the script beside it
const { cases } = JSON.parse(readFileSync(new URL('fixtures/central-region.json', import.meta.url), 'utf8')) as Reference;

test.each(cases.map((one) => [`${one.curves.length} curves, ${one.share}`, one] as const))(
  'central curves of %s are those of the reference',
  (_, one) => {
    expect(centralCurves(one.curves, ensembleBand(one.curves), one.share)).toEqual(one.central);
  },
);

test('the simultaneous band is the hull of the central curves', () => {
  const one = cases.find(({ share, curves }) => share === 0.95 && curves.length > 20)!;
  const { lowWhole, highWhole } = ensembleBand(one.curves);
  expect([...lowWhole]).toEqual(one.low);
  expect([...highWhole]).toEqual(one.high);
});

describe('a simultaneous band', () => {
  const one = cases.find(({ curves }) => curves.length > 60)!;
  const { lowWhole, highWhole, low95, high95 } = ensembleBand(one.curves);
  const inside = (low: Float64Array, high: Float64Array) =>
    one.curves.filter((curve) => curve.every((value, i) => value >= low[i]! && value <= high[i]!)).length;

  test('holds its share of whole curves, which the pointwise one does not', () => {
    expect(inside(lowWhole, highWhole)).toBeGreaterThanOrEqual(0.95 * one.curves.length);
    expect(inside(low95, high95)).toBeLessThan(0.7 * one.curves.length);
  });

  test('does not depend on the order of the curves', () => {
    expect(ensembleBand(one.curves.toReversed())).toEqual(ensembleBand(one.curves));
  });

  test('leaves out curves that are not finite, and is nothing where none is', () => {
    expect(ensembleBand([...one.curves, one.curves[0]!.map(() => NaN)]).lowWhole).toEqual(lowWhole);
    expect(ensembleBand([[NaN, 1]]).lowWhole).toEqual(Float64Array.of(NaN, NaN));
  });

  test('leaves out first the curve that departs for a moment', () => {
    const calm = Array.from({ length: 40 }, (_, c) => Array.from({ length: 30 }, (_one, t) => Math.sin(t / 5 + c)));
    const late = calm.map((curve, c) => (c === 20 ? curve.map((value, t) => (t === 12 ? value + 9 : value)) : curve));
    expect(centralCurves(late, ensembleBand(late), 0.95)).not.toContain(20);
  });
});
