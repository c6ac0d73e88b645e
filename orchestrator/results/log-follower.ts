/**
 * Follows an outcome log that another process writes: each call takes up where the last one ended, and reads nothing twice. It asks the
 * file system, and not to be told by it: notices of change do not reach over network file systems.
 */
import { setImmediate as breath } from 'node:timers/promises';
import { readHead, type LineHead } from './outcome-line.ts';
import { linesFrom, segmentsOf } from './segments.ts';

const LINES_PER_BREATH = 1024;

/** A line of the log: its head, and the whole of it for who wants it before the next. */
export interface FollowedLine {
  readonly head: LineHead;
  readonly text: () => string;
  readonly where: () => string;
}

export class LogFollower {
  readonly #runDirectory: string;
  #path = '';
  #offset = 0;

  constructor(runDirectory: string) {
    this.#runDirectory = runDirectory;
  }

  /** Whole lines since the last call, in their order. Throws RUN_CORRUPT, DISK. */
  async *next(): AsyncGenerator<FollowedLine, void, undefined> {
    const segments = segmentsOf(this.#runDirectory);
    for (const path of segments.slice(Math.max(0, segments.indexOf(this.#path)))) {
      if (path !== this.#path) [this.#path, this.#offset] = [path, 0];
      yield* this.#rest();
    }
  }

  async *#rest(): AsyncGenerator<FollowedLine, void, undefined> {
    let lines = 0;
    for (const { block, from, to, offset, where } of linesFrom(this.#path, this.#offset)) {
      this.#offset = offset + (to - from) + 1;
      yield { head: readHead(block, from, to, where), text: () => block.toString('utf8', from, to), where };
      lines += 1;
      if (lines % LINES_PER_BREATH === 0) await breath();
    }
  }
}
