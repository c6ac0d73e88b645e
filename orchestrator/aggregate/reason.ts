/** Why a replica is in no filtered statistic: its outcome and the outcome's own reason, as one key. */
import type { Outcome } from '../../schemas/generated/types.ts';

/** `kind/reason`, e.g. `stopped/chi2`, `diverged/current`, `failed/REPLICA_GIVEN_UP`. */
export function reasonOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'converged':
      return 'converged/no-estimate';
    case 'stopped':
      return `stopped/${outcome.reason}`;
    case 'diverged':
      return `diverged/${outcome.term}`;
    case 'pruned':
      return `pruned/rung-${outcome.rung}`;
    case 'failed':
      return `failed/${outcome.error.code}`;
    default:
      throw new Error(`internal: unknown outcome ${JSON.stringify(outcome satisfies never)}`);
  }
}
