/** One step of Adam against the algorithm written out for one number, its schedule of rates, and the rate of parameters. */
import { describe, expect, test } from 'vitest';
import { layoutOf } from '../../../../worker/engines/layout.ts';
import { adamStep, physicsAt, projects } from '../../../../worker/engines/reference/adam.ts';
import { adamStage, shapeOf } from '../../../helpers/engine-cohorts.ts';

const layout = layoutOf(shapeOf('hodgkin-huxley', { depth: 1, width: 1, features: 1 }));

/** Changes of theta over `steps` steps along a constant gradient: then each is the rate, and a little less by epsilon. */
function rates(stage: Parameters<typeof adamStep>[3], steps: number, place: number): number[] {
  const theta = new Float64Array(layout.size);
  const moments = { first: new Float64Array(layout.size), second: new Float64Array(layout.size) };
  return Array.from({ length: steps }, (_, step) => {
    const before = theta[place]!;
    adamStep(theta, new Float64Array(layout.size).fill(3), moments, stage, step, layout);
    return before - theta[place]!;
  });
}

test('two steps equal the algorithm of the paper', () => {
  const stage = adamStage({ rate: 0.01, warmup: 0, steps: 1e9 });
  const theta = new Float64Array(layout.size).fill(1);
  const moments = { first: new Float64Array(layout.size), second: new Float64Array(layout.size) };
  const gradients = [0.5, -2];
  for (const [step, g] of gradients.entries()) adamStep(theta, new Float64Array(layout.size).fill(g), moments, stage, step, layout);
  let [m, v, expected] = [0, 0, 1];
  for (const [k, g] of gradients.entries()) {
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    expected -= (0.01 * (m / (1 - 0.9 ** (k + 1)))) / (Math.sqrt(v / (1 - 0.999 ** (k + 1))) + 1e-8);
  }
  expect(theta[0]).toBeCloseTo(expected, 14);
  expect(moments.first[0]).toBeCloseTo(m, 14);
  expect(moments.second[0]).toBeCloseTo(v, 14);
});

describe('the rate', () => {
  const stage = adamStage({ rate: 0.02, warmup: 4, steps: 24, parameterRate: 5 });
  const taken = rates(stage, 24, 0);

  test('rises in equal parts over the warm-up', () => {
    expect(taken.slice(0, 4).map((rate) => Number(rate.toFixed(8)))).toEqual([0.005, 0.01, 0.015, 0.02]);
  });

  test('then falls along half a cosine towards a hundredth', () => {
    expect(taken[4]).toBeCloseTo(0.02, 8);
    expect(taken[14]).toBeCloseTo(0.02 * 0.505, 8);
    for (let k = 5; k < 24; k++) expect(taken[k]!).toBeLessThan(taken[k - 1]!);
    expect(taken[23]!).toBeGreaterThan(0.02 * 0.01);
  });

  test('of everything beyond the weights is multiplied by parameterRate', () => {
    const own = rates(stage, 24, layout.parameterOffset);
    for (const [k, rate] of own.entries()) expect(rate).toBeCloseTo(5 * taken[k]!, 10);
  });
});

describe('the physics weight', () => {
  test('of a number is that number', () => {
    expect([0, 7, 99].map((step) => physicsAt({ physics: 3, steps: 100 }, step))).toEqual([3, 3, 3]);
  });

  test('of a pair rises geometrically, its ends at the first and the last step', () => {
    const stage = adamStage({ physics: [0.1, 1000], steps: 5 });
    const weights = [0, 1, 2, 3, 4].map((step) => physicsAt(stage, step));
    for (const [k, weight] of [0.1, 1, 10, 100, 1000].entries()) expect(weights[k]! / weight).toBeCloseTo(1, 12);
  });

  test('of a stage of one step is the first of a pair', () => {
    expect(physicsAt(adamStage({ physics: [2, 8], steps: 1 }), 0)).toBe(2);
  });

  test('decides whether there is anything to project', () => {
    const asked = [0, 1, [0.1, 1] as [number, number]].map((physics) => projects(adamStage({ physics, project: true })));
    expect(asked).toEqual([false, true, true]);
    expect(projects(adamStage({ project: false }))).toBe(false);
  });
});

test('the scale of the features moves at the rate of the weights', () => {
  const own = layoutOf(shapeOf('hodgkin-huxley', { scale: 'trainable', depth: 1, width: 1, features: 1 }));
  const theta = new Float64Array(own.size);
  const moments = { first: new Float64Array(own.size), second: new Float64Array(own.size) };
  adamStep(theta, new Float64Array(own.size).fill(3), moments, adamStage({ parameterRate: 5 }), 0, own);
  expect(theta[own.scaleOffset]).toBe(theta[0]);
  expect(theta[own.parameterOffset]).not.toBe(theta[0]);
});
