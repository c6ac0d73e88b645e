/**
 * Which line of the log holds the outcome of its replica that counts: the first after the last withdrawal. Withdrawals are few and stand
 * after what they withdraw, so a look ahead finds them first.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { onDisk } from './disk.ts';
import { IndexSet } from './index-set.ts';
import { readHead, type LineHead } from './outcome-line.ts';
import { lines } from './segments.ts';

/** Within a string of JSON the quotes would be escaped. */
const MARK = Buffer.from(',"withdrawn":true}');
const BLOCK_BYTES = 4 * 1024 * 1024;

export class AcceptedLines {
  readonly #seen = new IndexSet();
  /** Withdrawals that the walk has still before it. */
  readonly #ahead: Map<number, number>;

  constructor(segments: readonly string[]) {
    this.#ahead = withdrawalsIn(segments);
  }

  /** Asked of every line, in the order of the log. What was withdrawn after the look ahead counts still. */
  accepts({ index, kind }: LineHead): boolean {
    const ahead = this.#ahead.get(index) ?? 0;
    if (kind !== 'withdrawn') return ahead === 0 && this.#seen.add(index);
    if (ahead > 0) this.#ahead.set(index, ahead - 1);
    return false;
  }
}

function withdrawalsIn(segments: readonly string[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const path of segments.filter(holdsMark)) {
    for (const { block, from, to, where } of lines([path])) {
      const { kind, index } = readHead(block, from, to, where);
      if (kind === 'withdrawn') found.set(index, (found.get(index) ?? 0) + 1);
    }
  }
  return found;
}

/** A segment without one is passed over by a search of its bytes, and no line of it is read. */
function holdsMark(path: string): boolean {
  const descriptor = onDisk(path, 'reading', () => openSync(path, 'r'));
  try {
    const block = Buffer.allocUnsafe(BLOCK_BYTES);
    let kept = 0;
    for (;;) {
      const got = readSync(descriptor, block, kept, block.length - kept, null);
      if (got === 0) return false;
      const end = kept + got;
      if (block.subarray(0, end).includes(MARK)) return true;
      // a mark may lie across two blocks
      kept = Math.min(end, MARK.length - 1);
      block.copy(block, 0, end - kept, end);
    }
  } finally {
    closeSync(descriptor);
  }
}
