/** How a replica can end, as the one list that counts and tables go by. */
import type { Outcome } from './generated/types.ts';

export type OutcomeKind = Outcome['kind'];

/** In the order of every table. */
export const OUTCOME_KINDS = ['converged', 'stopped', 'diverged', 'pruned', 'failed'] as const satisfies readonly OutcomeKind[];
