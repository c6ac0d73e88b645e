/**
 * Which of the pulled tasks train together. A replica that was delivered before may have killed its thread or its process, and so may
 * any that was with it; each try is therefore in smaller company: all places, then their square root, then alone. With 256 places
 * a killer is found at the cost of 15 others that train alone, and no replica is ever given up for what another did.
 */
import { MAX_DELIVERIES } from '../../schemas/queue.ts';
import type { Lease } from '../../schemas/queue.ts';

export interface CohortChoice {
  readonly cohort: readonly Lease[];
  /** To be released uncounted. */
  readonly rest: readonly Lease[];
}

/** The most often delivered go first, among themselves. */
export function chooseCohort(leases: readonly Lease[], places: number): CohortChoice {
  const most = Math.max(...leases.map(({ delivery }) => delivery));
  const chosen = new Set(leases.filter(({ delivery }) => delivery === most).slice(0, companyOf(most, places)));
  return { cohort: [...chosen], rest: leases.filter((lease) => !chosen.has(lease)) };
}

/** True when the cohort must have the whole process to itself. */
export function isLastTry(cohort: readonly Lease[]): boolean {
  return cohort.some(({ delivery }) => delivery >= MAX_DELIVERIES);
}

function companyOf(delivery: number, places: number): number {
  if (delivery >= MAX_DELIVERIES) return 1;
  return delivery === 1 ? places : Math.ceil(Math.sqrt(places));
}
