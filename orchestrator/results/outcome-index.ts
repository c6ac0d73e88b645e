/**
 * What the outcome log says, in memory: a bit per finished replica, counts, and the replicas that were given up (dead), with what is told of
 * them. Built in one walk over the log, kept current by its writer.
 */
import type { Result } from '../../schemas/generated/types.ts';
import type { OutcomeKind } from '../../schemas/outcome-kind.ts';
import { IndexSet } from './index-set.ts';
import { damaged, parseOutcomeLine, readHead } from './outcome-line.ts';
import { lines, segmentsOf } from './segments.ts';

export type OutcomeCounts = Readonly<Record<OutcomeKind, number>>;

/** A replica that was given up: its outcome stands until it is withdrawn. */
export interface DeadOutcome {
  readonly result: Result;
  /** How often an outcome of it was withdrawn before. */
  readonly retries: number;
}

/** The one failure whose replicas `dead` lists and puts back: the others are told by the replica or its data, and would come again. */
const GIVEN_UP = 'REPLICA_GIVEN_UP';

export class OutcomeIndex {
  readonly finished = new IndexSet();
  readonly #counts = { converged: 0, stopped: 0, diverged: 0, pruned: 0, failed: 0 };
  readonly #failures = new Map<string, number>();
  readonly #dead = new Map<number, DeadOutcome>();
  readonly #retries = new Map<number, number>();

  get counts(): OutcomeCounts {
    return { ...this.#counts };
  }

  /** Failures by error code. */
  get failures(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#failures].filter(([, count]) => count > 0));
  }

  get dead(): ReadonlyMap<number, DeadOutcome> {
    return this.#dead;
  }

  /** How often each replica was put back; those that never were are not in it. */
  get retries(): ReadonlyMap<number, number> {
    return this.#retries;
  }

  /** Counts an outcome that `finished` holds; `read` gives it whole. */
  count(kind: OutcomeKind, code: string | undefined, read: () => Result): void {
    this.#counts[kind] += 1;
    if (code === undefined) return;
    this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1);
    if (code !== GIVEN_UP) return;
    const result = read();
    this.#dead.set(result.index, { result, retries: this.#retries.get(result.index) ?? 0 });
  }

  /** False when there is no outcome to withdraw. */
  withdraw(index: number): boolean {
    const dead = this.#dead.get(index);
    if (dead === undefined) return false;
    this.#dead.delete(index);
    this.finished.delete(index);
    this.#counts.failed -= 1;
    this.#failures.set(GIVEN_UP, (this.#failures.get(GIVEN_UP) ?? 0) - 1);
    this.#retries.set(index, dead.retries + 1);
    return true;
  }
}

/** Throws RUN_CORRUPT with file and line, DISK. */
export function readIndex(runDirectory: string, replicas: number): OutcomeIndex {
  const outcomes = new OutcomeIndex();
  for (const { block, from, to, where } of lines(segmentsOf(runDirectory))) {
    const head = readHead(block, from, to, where);
    const { index, kind } = head;
    if (index >= replicas) throw damaged(where(), `replica ${index} of a sweep with ${replicas}`);
    if (kind === 'withdrawn') {
      if (!outcomes.withdraw(index)) throw damaged(where(), `a withdrawal, but replica ${index} was not given up before`);
    } else if (outcomes.finished.add(index))
      outcomes.count(kind, head.code, () => parseOutcomeLine(block.toString('utf8', from, to), where));
  }
  return outcomes;
}
