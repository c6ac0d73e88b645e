/** How many replicas train together on one thread, by engine. A cohort hands in its results together, so company that gains nothing only delays. */
import type { Stage } from '../../schemas/generated/types.ts';

/** tfjs gains from company in Adam: its head is bound by dispatch. */
const TFJS = 8;
/** A GPU is filled by some hundred replicas. Where second order follows, on the thread's own core, Adam is a hundredth of the time with 8 already. */
const WEBGPU_ADAM = 1024;
const WEBGPU_SECOND_ORDER = 8;

/** `stages`: everything that a cohort may be trained with. */
export function cohortSize(engine: string, stages: readonly Stage[]): number {
  const adamOnly = stages.every(({ optimizer }) => optimizer === 'adam');
  if (engine === 'webgpu') return adamOnly ? WEBGPU_ADAM : WEBGPU_SECOND_ORDER;
  // Levenberg-Marquardt takes replicas one after the other
  return engine === 'tfjs' && adamOnly ? TFJS : 1;
}

/** For a worker, who takes replicas before it knows their stages. */
export function placesOf(engine: string): number {
  return engine === 'tfjs' ? TFJS : engine === 'webgpu' ? WEBGPU_SECOND_ORDER : 1;
}
