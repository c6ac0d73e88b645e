/**
 * The core's damped system against the reference's: the step under several dampings and the decrease that it predicts, by rows and by
 * weights, in both formulations, every variant, and at sizes around the panels (4 to 24 rows), on every instruction set that runs here.
 */
import { describe, expect, test } from 'vitest';
import type { Member, Shape } from '../../../../worker/engines/engine.ts';
import { describeCohort } from '../../../../worker/engines/fused/description.ts';
import { KernelObjective } from '../../../../worker/engines/fused/kernel-objective.ts';
import type { Kernel } from '../../../../worker/engines/fused/kernel.ts';
import { loadNative } from '../../../../worker/engines/fused/native.ts';
import { wasmKernel } from '../../../../worker/engines/fused/wasm.ts';
import { heldBySecondOrder, layoutOf } from '../../../../worker/engines/layout.ts';
import type { SecondOrder } from '../../../../worker/engines/levenberg-marquardt.ts';
import { Objective } from '../../../../worker/engines/reference/objective.ts';
import { ReferenceSecondOrder } from '../../../../worker/engines/reference/second-order.ts';
import { distance, memberOf, shapeOf } from '../../../helpers/engine-cohorts.ts';
import { GRID_VARIANTS, LOSS_VARIANTS, NETWORK_VARIANTS } from '../../../helpers/engine-variants.ts';

const SIZES: Readonly<Record<string, Shape>> = {
  ...Object.fromEntries(
    [2, 7, 8, 9, 23, 24, 25, 49].map((samples) => [
      `integrated, ${samples} points`,
      shapeOf('hodgkin-huxley', { states: 'integrated', samples, width: 8 }),
    ]),
  ),
  'integrated, one weight a layer': shapeOf('hodgkin-huxley', {
    states: 'integrated',
    depth: 1,
    width: 1,
    features: 1,
    samples: 5,
    infer: ['EL'],
  }),
  'integrated, wide': shapeOf('pospischil-rs', {
    states: 'integrated',
    width: 33,
    features: 24,
    depth: 3,
    samples: 40,
    infer: ['gNa', 'gM'],
  }),
  'integrated, more rows than weights': shapeOf('hodgkin-huxley', { states: 'integrated', samples: 90, width: 6, features: 4 }),
  'network, 17 points': shapeOf('hodgkin-huxley', { samples: 17, width: 17 }),
  'network, three points per sample': shapeOf('hodgkin-huxley', { samples: 9, perSample: 3, width: 16 }),
  'network, more rows than weights': shapeOf('hodgkin-huxley', { samples: 30, perSample: 2, width: 5, features: 3, depth: 1 }),
};

const CASES: readonly (readonly [string, Shape, Member])[] = [
  ...Object.entries(SIZES).map(([name, shape]) => [name, shape, memberOf(shape, 2, shape.samples > 20 ? 3 : 0)] as const),
  ...Object.entries({ ...NETWORK_VARIANTS, ...GRID_VARIANTS, ...LOSS_VARIANTS }).map(
    ([name, { shape, member }]) => [name, shape, member(2)] as const,
  ),
];

/** Every kernel that this machine runs; a missing compiler leaves WebAssembly. */
const native = await loadNative().catch(() => null);
const KERNELS: readonly (readonly [string, Kernel])[] = [
  ...(native?.runnable ?? []).map((isa) => [`native ${isa}`, native!.kernel(isa)] as const),
  ['wasm', wasmKernel()],
];

/** The solution of both systems at the member's theta; the fused one after it has moved to another theta. */
function solved(kernel: Kernel, shape: Shape, member: Member, damping: number, physics: number) {
  const layout = layoutOf(shape);
  const core = kernel.open(describeCohort(shape, [member]));
  try {
    const both: readonly SecondOrder[] = [
      new KernelObjective(core, layout, member, 0),
      new ReferenceSecondOrder(new Objective(shape, member)),
    ];
    const [fused, reference] = both.map((problem) => {
      problem.evaluate(member.theta.slice(), null);
      problem.linearise(member.theta, physics);
      problem.evaluate(
        member.theta.map((value, i) => value + 0.1 * Math.sin(i)),
        null,
      );
      const solution = problem.solve(damping);
      if (solution === null) throw new Error('not positive definite');
      return { step: solution.step.slice(), predicted: solution.predicted };
    });
    return { fused: fused!, reference: reference! };
  } finally {
    core.close();
  }
}

describe.each(KERNELS)('%s', (_, kernel) => {
  // what rounding leaves of a step grows with the largest eigenvalue over the damping: some 1e6 and 1e8 here
  test.each(CASES)('the step is the reference step: %s', (_name, shape, member) => {
    for (const [damping, tolerance] of [
      [1, 1e-9],
      [1e-2, 1e-7],
    ] as const) {
      const { fused, reference } = solved(kernel, shape, member, damping, 2);
      expect(distance(fused.step, reference.step).l2, `damping ${damping}`).toBeLessThan(tolerance);
      expect(Math.abs(fused.predicted / reference.predicted - 1)).toBeLessThan(1e-9);
      for (const [from, to] of heldBySecondOrder(layoutOf(shape)))
        expect(fused.step.subarray(from, to)).toEqual(new Float64Array(to - from));
    }
  });

  test('a matrix without damping whose padded rows are 0 is told not to be positive definite', () => {
    const shape = SIZES['integrated, 25 points']!;
    const member = memberOf(shape, 2, 3);
    const core = kernel.open(describeCohort(shape, [member]));
    const problem = new KernelObjective(core, layoutOf(shape), member, 0);
    problem.evaluate(member.theta.slice(), null);
    problem.linearise(member.theta, 1);
    expect(problem.solve(0)).toBeNull();
    expect(problem.solve(1)).not.toBeNull();
    core.close();
  });
});
