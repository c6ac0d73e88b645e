import { expect, test } from 'vitest';
import type { ResolvedProblem, Synthetic, TraceObject } from '../../../schemas/generated/types.ts';
import { knowledgeOf, marginalErrors } from '../../../worker/identifiability/unit-knowledge.ts';
import { unknownOf } from '../../../worker/identifiability/unknown.ts';
import { cramerRao } from '../../../worker/simulate/fisher.ts';
import { observe } from '../../../worker/train/observe.ts';
import { resolveProblem } from '../../../worker/train/resolve-problem.ts';

const infer = ['gNa', 'gK', 'gL', 'EL'] as const;
const step = { stimulus: { step: { amplitude: 10 } }, durationMs: 20, noiseMv: 1 };

async function errorsOf(data: ResolvedProblem['data'][number], problem: ResolvedProblem, model: Parameters<typeof cramerRao>[0]) {
  const trace = (): TraceObject => {
    throw new Error('synthetic data have no trace');
  };
  const unknowns = problem.infer.map(unknownOf);
  const observation = observe({ data, draw: 0, model, objects: { trace } });
  const { points } = knowledgeOf({ model, problem, unknowns, unit: data, observation, clock: { isOver: () => true } });
  const errors = marginalErrors(points[0]!);
  return unknowns.map(({ border }, k) => errors[k]! * border);
}

test('standard errors are those of the Cramer-Rao bound with unknown initial values', async () => {
  const { problem, model } = await resolveProblem(
    { model: 'hodgkin-huxley', infer: [...infer], data: [{ synthetic: step }] },
    { folder: '.', seed: 1 },
  );
  const [unit] = problem.data;
  const errors = await errorsOf(unit, problem, model);
  const bound = cramerRao(model, {
    parameters: {},
    infer,
    freeInitial: ['V', 'h', 'n'],
    current: new Float64Array(201).fill(10),
    sampleMs: 0.1,
    sigmaMv: 1,
  });
  if (bound.kind === 'failed') throw new Error(bound.reason);
  // V(0) is that of the noisy data here, which moves the spikes a little
  infer.forEach((name, k) => expect(errors[k]! / bound.standardErrors[name]!).toBeCloseTo(1, 1));
});

test('segments add up: two of the same stimulus tell what one of half the variance does', async () => {
  const { stimulus, ...rest } = { ...step, noiseMv: 0.2 };
  // a spec refuses the very same stimulus twice
  const joint: Synthetic = { ...rest, stimuli: [stimulus, { step: { amplitude: 10 + 1e-6 } }], jointly: true };
  const [one, two] = await Promise.all(
    [{ ...rest, stimulus }, joint].map(async (synthetic) => {
      const { problem, model } = await resolveProblem(
        { model: 'hodgkin-huxley', infer: [...infer], data: [{ synthetic }] },
        { folder: '.', seed: 1 },
      );
      return errorsOf(problem.data[0], problem, model);
    }),
  );
  infer.forEach((_, k) => expect(one![k]! / two![k]!).toBeCloseTo(Math.SQRT2, 1));
});
