/** Whether an engine's loss, terms and gradient are the reference's. */
import { expect } from 'vitest';
import type { Evaluation } from '../../worker/engines/engine.ts';
import { distance } from './engine-cohorts.ts';

/** Of the largest component, and in L2: float32 sums over some hundred points lose two to three digits of its seven. */
export const TOLERANCE = 2e-6;

/** Replica by replica. `gradientTolerance`: where the gradient is a small difference of large sums. */
export function expectEvaluations(actual: readonly Evaluation[], exact: readonly Evaluation[], gradientTolerance = TOLERANCE): void {
  expect(actual).toHaveLength(exact.length);
  for (const [r, evaluation] of exact.entries()) {
    const { loss, terms, gradient } = actual[r]!;
    const { max, l2 } = distance(gradient, evaluation.gradient);
    expect(max, `replica ${r}, largest component`).toBeLessThan(gradientTolerance);
    expect(l2, `replica ${r}, L2`).toBeLessThan(gradientTolerance);
    expect(Math.abs(loss / evaluation.loss - 1), `replica ${r}, loss`).toBeLessThan(TOLERANCE);
    for (const term of ['data', 'current', 'gates'] as const)
      expect(Math.abs(terms[term] - evaluation.terms[term]), term).toBeLessThanOrEqual(TOLERANCE * evaluation.terms[term]);
  }
}
