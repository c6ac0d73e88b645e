/** How many replicas train together on one thread. A cohort hands in its results together, so company that gains nothing only delays. */
import type { Stage } from '../../schemas/generated/types.ts';

/** Where second order follows, on the thread's own core, Adam on a GPU is a hundredth of the time with so many already. */
const BESIDE_SECOND_ORDER = 8;

/** What is asked of an engine. */
interface Sociable {
  readonly name: string;
  readonly company?: number;
}

/** `stages`: everything that a cohort may be trained with. */
export function cohortSize({ name, company = 1 }: Sociable, stages: readonly Stage[]): number {
  if (stages.every(({ optimizer }) => optimizer === 'adam')) return company;
  // Levenberg-Marquardt takes replicas one after the other
  return name === 'webgpu' ? BESIDE_SECOND_ORDER : 1;
}

/** For a worker, who takes replicas before it knows their stages. */
export function placesOf({ company = 1 }: Sociable): number {
  return Math.min(company, BESIDE_SECOND_ORDER);
}
