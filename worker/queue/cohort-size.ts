/**
 * How many replicas of a shape train together on this machine, learned from those that ran out of memory. A cohort that did is halved and
 * tried again at once, and no try is counted: it was not the replicas' fault. Only one that does not fit alone has failed a try; other
 * workers, who may have more memory, come first at the next, and after the last its outcome is `failed` with OUT_OF_MEMORY.
 *
 * What is learned stays for the life of the process. What the kernel's OOM killer ends is no CohortEnd: see cohort-choice.ts.
 */
import type { CohortEnd } from '../pool/cohort-end.ts';

export class CohortSizes {
  readonly #largest = new Map<string, number>();

  /** At most `places`. */
  placesFor(shape: string, places: number): number {
    return Math.min(places, this.#largest.get(shape) ?? places);
  }

  /** So many did not fit. Returns how many to try next. */
  tooMany(shape: string, replicas: number): number {
    const next = Math.max(1, Math.floor(replicas / 2));
    this.#largest.set(shape, this.placesFor(shape, next));
    return next;
  }
}

/**
 * V8 ends a thread at its heap limit ("reaching memory limit") and throws a RangeError where a buffer cannot be had; Emscripten aborts with
 * OOM; the compiled core says OUT_OF_MEMORY itself.
 */
const SAID = /out of memory|memory limit|buffer allocation failed|bad_alloc|\bOOM\b|Memory\.grow/i;

export function ranOutOfMemory(end: CohortEnd): boolean {
  if (end.kind === 'trained') return false;
  if (end.kind === 'threw' && end.violations.some(({ code }) => code === 'OUT_OF_MEMORY')) return true;
  return SAID.test(end.message);
}
