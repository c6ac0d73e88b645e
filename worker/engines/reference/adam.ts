/**
 * Adam (Kingma, Ba 2015, algorithm 1) with linear warm-up and cosine decay (Loshchilov, Hutter 2017, without restarts) and a rate of its
 * own for parameters and free gates. The arithmetic of one step, shared by the engines that do it in TypeScript.
 */
import type { AdamStage } from '../../../schemas/generated/types.ts';
import type { Layout } from '../layout.ts';
import type { Moments } from '../replica-progress.ts';

export const BETA1 = 0.9;
export const BETA2 = 0.999;
const EPSILON = 1e-8;

/** Rate at step `step` (from 0): rises over `warmup` steps, then falls along a half cosine to a hundredth at the end. */
export function rateAt(stage: Required<AdamStage>, step: number): number {
  if (step < stage.warmup) return (stage.rate * (step + 1)) / stage.warmup;
  const span = Math.max(1, stage.steps - stage.warmup);
  const share = Math.min(1, (step - stage.warmup) / span);
  return stage.rate * (0.01 + 0.99 * 0.5 * (1 + Math.cos(Math.PI * share)));
}

/** The physics weight at step `step` (from 0): a number as it is, a span along a geometric series from the first step to the last. */
export function physicsAt({ physics, steps }: Pick<Required<AdamStage>, 'physics' | 'steps'>, step: number): number {
  if (typeof physics === 'number') return physics;
  const [from, to] = physics;
  return from * (to / from) ** (step / Math.max(1, steps - 1));
}

/** Whether the stage solves for the linear parameters: there is nothing to solve without physics. */
export function projects({ project, physics }: Required<AdamStage>): boolean {
  return project && physics !== 0;
}

/** The physics weight that linear parameters are solved under before step `step`, or after the last; null in a stage that does not solve for them. */
export function projectionWeight(stage: Required<AdamStage>, step: number): number | null {
  return projects(stage) ? physicsAt(stage, Math.min(step, stage.steps - 1)) : null;
}

/** One step in place; `step` counts from 0. */
export function adamStep(
  theta: Float64Array,
  gradient: Float64Array,
  moments: Moments,
  stage: Required<AdamStage>,
  step: number,
  layout: Layout,
): void {
  const rate = rateAt(stage, step);
  const correction1 = 1 - BETA1 ** (step + 1);
  const correction2 = 1 - BETA2 ** (step + 1);
  for (let i = 0; i < theta.length; i++) {
    const g = gradient[i]!;
    const first = BETA1 * moments.first[i]! + (1 - BETA1) * g;
    const second = BETA2 * moments.second[i]! + (1 - BETA2) * g * g;
    moments.first[i] = first;
    moments.second[i] = second;
    const own = i < layout.networkSize || i === layout.scaleOffset ? rate : rate * stage.parameterRate;
    theta[i]! -= (own * (first / correction1)) / (Math.sqrt(second / correction2) + EPSILON);
  }
}
