/** How many replicas train together. Company that gains nothing only delays: it is delivered together, and begins together. */
import type { Stage } from '../../schemas/generated/types.ts';

/**
 * Where second order follows Adam. On a device that all threads share: so many for each core keep the cores busy while the device has the next
 * cohort, and wait for them in seconds. In a thread of its own, where company gains less.
 */
const BESIDE_SECOND_ORDER = 8;

/** What is asked of an engine. */
interface Sociable {
  readonly company?: number;
  readonly onDevice?: boolean | undefined;
}

/** `stages`: everything that a cohort may be trained with. */
export function cohortSize(engine: Sociable, stages: readonly Stage[], threads: number): number {
  const { company = 1, onDevice = false } = engine;
  if (stages.every(({ optimizer }) => optimizer === 'adam')) return company;
  // Levenberg-Marquardt takes replicas one after the other
  return onDevice ? placesOf(engine, threads) : 1;
}

/** For a worker, who takes replicas before it knows their stages. */
export function placesOf({ company = 1, onDevice = false }: Sociable, threads: number): number {
  return Math.min(company, BESIDE_SECOND_ORDER * (onDevice ? threads : 1));
}
