/** What a worker tells of its work while it works. The command line makes its log and its metrics of it; nothing rests on it. */
import type { Result } from '../../schemas/generated/types.ts';
import type { Lease } from '../../schemas/queue.ts';

export interface ReplicaTry {
  readonly sweep: string;
  readonly index: number;
  readonly replica: string;
  readonly attempt: number;
}

/** Why a try ended without an outcome. */
export type TryFailure = 'died' | 'threw' | 'out-of-memory' | 'object-missing';

export type WorkerEvent =
  | { readonly kind: 'cohort-started'; readonly shape: string; readonly tries: readonly ReplicaTry[] }
  | { readonly kind: 'replica-finished'; readonly of: ReplicaTry; readonly result: Result }
  | {
      readonly kind: 'try-failed';
      readonly of: ReplicaTry;
      readonly failure: TryFailure;
      readonly message: string;
      readonly counted: boolean;
    }
  | { readonly kind: 'cohort-split'; readonly shape: string; readonly from: number; readonly to: number }
  | { readonly kind: 'result-published'; readonly bytes: number }
  | { readonly kind: 'lease-lost'; readonly of: ReplicaTry }
  | { readonly kind: 'message-malformed' }
  | { readonly kind: 'trouble'; readonly message: string }
  | { readonly kind: 'self-checked'; readonly fault: string | undefined; readonly seconds: number }
  | { readonly kind: 'in-doubt'; readonly failures: number; readonly pauseMs: number }
  | { readonly kind: 'lane-held'; readonly sweep: string; readonly shape: string; readonly seconds: number; readonly why: string }
  | { readonly kind: 'went-out'; readonly why: string };

export type ReportEvent = (event: WorkerEvent) => void;

export function tryOf({ task: { sweep, index, replica }, delivery }: Lease): ReplicaTry {
  return { sweep, index, replica, attempt: delivery };
}
