/** GateIntegration against a solution of the same gate at tolerance 1e-12, its slopes against finite differences, its adjoint against its response. */
import { describe, expect, test } from 'vitest';
import { GateIntegration } from '../../../../worker/engines/reference/gate-integration.ts';
import { integrate } from '../../../../worker/simulate/dormand-prince.ts';

const DURATION_MS = 8;

/** A steady state and a rate (1/ms) that change as fast as those of a spike do. */
const inf = (t: number): number => 1 / (1 + Math.exp(-3 * Math.sin(t)));
const rate = (t: number): number => 1.5 + 1.2 * Math.cos(2 * t);

/** Values at the M grid points, then at the M - 1 middles. */
function atNodes(of: (t: number) => number, points: number, stepMs: number): Float64Array {
  return Float64Array.from({ length: 2 * points - 1 }, (_, i) => of(i < points ? i * stepMs : (i - points + 0.5) * stepMs));
}

function integrated(points: number, initial = 0.2): Float64Array {
  const stepMs = DURATION_MS / (points - 1);
  const gate = new GateIntegration(new Float64Array(points - 1).fill(stepMs));
  gate.integrate([initial], atNodes(inf, points, stepMs), atNodes(rate, points, stepMs));
  return gate.x;
}

/** x on `points` points at tolerance 1e-12. */
function exact(points: number, initial = 0.2): Float64Array {
  const x = new Float64Array(points).fill(initial, 0, 1);
  const outcome = integrate((t, y, dy) => (dy[0] = rate(t) * (inf(t) - y[0]!)), 1, DURATION_MS / (points - 1), x, {
    rtol: 1e-12,
    atol: 1e-12,
    maxSteps: 1e6,
  });
  expect(outcome.kind).toBe('done');
  return x;
}

function largestError(points: number): number {
  const truth = exact(points);
  return integrated(points).reduce((largest, x, j) => Math.max(largest, Math.abs(x - truth[j]!)), 0);
}

describe('the solution', () => {
  test('is within 3e-6 of the exact one at 0.1 ms', () => {
    expect(largestError(81)).toBeLessThan(3e-6);
  });

  test('is of fourth order: half the step has a sixteenth of the error', () => {
    const [coarse, middle, fine] = [21, 41, 81].map(largestError);
    expect(Math.log2(coarse! / middle!)).toBeGreaterThan(3.7);
    expect(Math.log2(middle! / fine!)).toBeGreaterThan(3.8);
    expect(Math.log2(middle! / fine!)).toBeLessThan(4.5);
  });

  test('is exact at any step where inf and rate do not change', () => {
    const gate = new GateIntegration(Float64Array.of(2.5, 2.5, 2.5));
    gate.integrate([0.9], new Float64Array(7).fill(0.3), new Float64Array(7).fill(0.7));
    for (const [j, x] of gate.x.entries()) expect(x).toBeCloseTo(0.3 + 0.6 * Math.exp(-0.7 * 2.5 * j), 14);
  });

  test.each([1e-9, 1, 1e3, 1e9])('stays from 0 to 1 at a rate of %f per ms', (scale) => {
    const points = 30;
    const gate = new GateIntegration(new Float64Array(points - 1).fill(0.1));
    const nodes = 2 * points - 1;
    gate.integrate(
      [1],
      Float64Array.from({ length: nodes }, (_, i) => i % 2),
      Float64Array.from({ length: nodes }, (_, i) => scale * (1 + (i % 3))),
    );
    for (const x of gate.x) expect(x >= 0 && x <= 1).toBe(true);
  });

  test('stays from 0 to 1, with slopes, where the rate falls from a million per ms to almost nothing within a step', () => {
    const [inf, rate] = [Float64Array.of(0.2, 0.7, 0.4), Float64Array.of(1e6, 1e-3, 10)];
    const gate = new GateIntegration(Float64Array.of(0.5));
    gate.integrate([1], inf, rate);
    gate.linearise(inf, rate, false);
    for (const x of gate.x) expect(x >= 0 && x <= 1).toBe(true);
    for (const slopes of [...gate.infSlopes, ...gate.rateSlopes]) expect(slopes.every(Number.isFinite)).toBe(true);
  });

  test('of one point is its initial value', () => {
    const gate = new GateIntegration(new Float64Array());
    gate.integrate([0.4], Float64Array.of(0.1), Float64Array.of(2));
    gate.linearise(Float64Array.of(0.1), Float64Array.of(2), false);
    expect([...gate.x]).toEqual([0.4]);
    expect(gate.adjoint(Float64Array.of(3), new Float64Array())).toBe(3);
  });
});

describe('in two segments', () => {
  const stepMs = 0.4;
  const points = 9;
  const start = 4;
  const nodes = { inf: atNodes(inf, points, stepMs), rate: atNodes(rate, points, stepMs) };
  const steps = new Float64Array(points - 1).fill(stepMs);
  steps[start - 1] = 0;
  const gate = new GateIntegration(steps, Int32Array.of(0, start));

  test('each is what it would be alone', () => {
    gate.integrate([0.2, 0.7], nodes.inf, nodes.rate);
    const own = (from: number, to: number, initial: number): Float64Array => {
      const alone = new GateIntegration(new Float64Array(to - from - 1).fill(stepMs));
      const part = (values: Float64Array): Float64Array =>
        Float64Array.of(...values.subarray(from, to), ...values.subarray(points + from, points + to - 1));
      alone.integrate([initial], part(nodes.inf), part(nodes.rate));
      return alone.x;
    };
    expect([...gate.x]).toEqual([...own(0, start, 0.2), ...own(start, points, 0.7)]);
  });

  test.each([true, false])('the second begins where it is told to, whatever was before; tied to inf: %s', (steady) => {
    gate.integrate([0.2, nodes.inf[start]!], nodes.inf, nodes.rate);
    gate.linearise(nodes.inf, nodes.rate, steady);
    const dx = new Float64Array(points);
    gate.respond(1, new Float64Array(points - 1), dx);
    expect(dx[start - 1]).toBeGreaterThan(0);
    expect([...dx.subarray(start)]).toEqual(Array.from({ length: points - start }, () => 0));
    expect(gate.infSlopes[2][start - 1]).toBe(steady ? 1 : 0);
  });
});

describe('linearised', () => {
  const points = 6;
  const stepMs = 0.7;
  const nodes = { inf: atNodes(inf, points, stepMs), rate: atNodes(rate, points, stepMs) };
  const gate = new GateIntegration(new Float64Array(points - 1).fill(stepMs));
  gate.integrate([0.2], nodes.inf, nodes.rate);
  gate.linearise(nodes.inf, nodes.rate, false);

  /** dx by central differences when one number of `nodes` moves. */
  function difference(name: 'inf' | 'rate', node: number): Float64Array {
    const shift = 1e-6;
    const [up, down] = [shift, -shift].map((delta) => {
      const moved = { inf: nodes.inf.slice(), rate: nodes.rate.slice() };
      moved[name][node]! += delta;
      const other = new GateIntegration(new Float64Array(points - 1).fill(stepMs));
      other.integrate([0.2], moved.inf, moved.rate);
      return other.x;
    });
    return up!.map((x, j) => (x - down![j]!) / (2 * shift));
  }

  /** The same by slopes and `respond`. */
  function response(slopes: GateIntegration['infSlopes'], node: number): Float64Array {
    const drive = new Float64Array(points - 1);
    [0, points, 1].forEach((first, place) => {
      const step = node - first;
      const isMiddle = place === 1;
      if (isMiddle === node >= points && step >= 0 && step < points - 1) drive[step]! += slopes[place]![step]!;
    });
    const dx = new Float64Array(points);
    gate.respond(0, drive, dx);
    return dx;
  }

  test.each(['inf', 'rate'] as const)('slopes by %s equal finite differences at every node', (name) => {
    for (let node = 0; node < 2 * points - 1; node++) {
      const expected = difference(name, node);
      const actual = response(name === 'inf' ? gate.infSlopes : gate.rateSlopes, node);
      for (const [j, dx] of actual.entries()) expect(dx).toBeCloseTo(expected[j]!, 8);
    }
  });

  test('the adjoint is the transpose of the response', () => {
    const drive = Float64Array.from({ length: points - 1 }, (_, j) => Math.sin(3 * j + 1));
    const xBar = Float64Array.from({ length: points }, (_, j) => Math.cos(5 * j));
    const dx = new Float64Array(points);
    gate.respond(0.6, drive, dx);
    const driveBar = new Float64Array(points - 1);
    const initialBar = gate.adjoint(xBar, driveBar);
    const inner = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    expect(inner(dx, xBar)).toBeCloseTo(inner(drive, driveBar) + 0.6 * initialBar, 13);
  });
});
