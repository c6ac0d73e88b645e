/** How a cohort ended, as a value that crosses from the thread by structured clone; errors cross as what they say. */
import { LoligoError } from '../../schemas/errors.ts';
import type { Violation } from '../../schemas/errors.ts';
import type { Result } from '../../schemas/generated/types.ts';

/** The rest of a schedule, after its first part. */
export interface Onward {
  /** Where each task without a result goes on from, by place. */
  readonly checkpoints: ReadonlyMap<number, Uint8Array>;
  /** What the first part cost each of them. */
  readonly seconds: number;
}

/**
 * trained: one result per task, null for an interrupted replica, or for one that was trained through its first part: then there is `onward`. threw: the trainer threw, the thread lives. died: the thread is gone
 * (exit, uncaught exception, out of memory) and another takes its place.
 */
export type CohortEnd =
  | { readonly kind: 'trained'; readonly results: readonly (Result | null)[]; readonly onward?: Onward }
  | { readonly kind: 'threw'; readonly message: string; readonly stack: string; readonly violations: readonly Violation[] }
  | { readonly kind: 'died'; readonly message: string };

export function threw(error: unknown): CohortEnd {
  if (!(error instanceof Error)) return { kind: 'threw', message: String(error), stack: '', violations: [] };
  const violations = error instanceof LoligoError ? error.violations : [];
  return { kind: 'threw', message: error.message, stack: error.stack ?? '', violations };
}
