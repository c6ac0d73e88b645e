/** Replicas that train well together on one thread of an engine. */

/** tfjs gains from company in Adam: its head is bound by dispatch. The others train replicas one after the other. */
const TFJS_COHORT = 8;

export function placesOf(engine: string): number {
  return engine === 'tfjs' ? TFJS_COHORT : 1;
}
