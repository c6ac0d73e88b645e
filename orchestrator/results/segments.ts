/** The files of the outcome log: `outcomes/000001.jsonl`, `000002.jsonl`, ... Only the last one grows. Here are their names and a walk over their lines. */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { onDisk, systemCode } from './disk.ts';
import { damaged } from './outcome-line.ts';

const NAME = /^(\d{6})\.jsonl$/;
const BLOCK_BYTES = 4 * 1024 * 1024;
const NEWLINE = 0x0a;

export function outcomesFolder(runDirectory: string): string {
  return join(runDirectory, 'outcomes');
}

export function segmentPath(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(6, '0')}.jsonl`);
}

/** Paths of the segments of a run, in order; none when there is no log yet. */
export function segmentsOf(runDirectory: string): string[] {
  const folder = outcomesFolder(runDirectory);
  return listSegments(folder).map((number) => segmentPath(folder, number));
}

/** Numbers of the segments there, ascending; none when the folder is not there yet. */
export function listSegments(folder: string): number[] {
  try {
    return readdirSync(folder)
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .toSorted((a, b) => a - b);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    return onDisk(folder, 'listing', () => {
      throw error;
    });
  }
}

/** Lines of a block: bytes [from, to) without the end of the line. `where()` is `file:line`, for messages. */
export interface Line {
  readonly block: Buffer;
  readonly from: number;
  readonly to: number;
  /** Which of the segments, and where in it the line begins. */
  readonly segment: number;
  readonly offset: number;
  /** Of the line in its file, from 1. */
  readonly number: number;
  readonly where: () => string;
}

/**
 * Every whole line of the log in order, as it stands when the walk begins; the block is valid until the next step only. A last line
 * without its end is passed over in the last segment (it was never acknowledged, or is just being written) and RUN_CORRUPT before it.
 */
export function* lines(segments: readonly string[]): Generator<Line> {
  for (const [segment, path] of segments.entries()) {
    const torn = yield* linesOf(path, segment);
    if (torn !== 0 && path !== segments.at(-1)) throw damaged(`${path}:${torn}`, 'a line without its end');
  }
}

/** A segment's whole lines from a byte on, where one begins; a line without its end is passed over. Numbers in `where()` count from there. */
export function* linesFrom(path: string, offset: number): Generator<Line, void> {
  yield* linesOf(path, 0, offset);
}

/** Returns the number of the torn line at the end, 0 when there is none. */
function* linesOf(path: string, segment: number, offset = 0): Generator<Line, number> {
  const descriptor = onDisk(path, 'reading', () => openSync(path, 'r'));
  try {
    let block = Buffer.allocUnsafe(BLOCK_BYTES);
    let kept = 0;
    /** Of the block in the file. */
    let begins = offset;
    let number = 1;
    for (;;) {
      if (kept === block.length) block = enlarged(block);
      const got = readSync(descriptor, block, kept, block.length - kept, begins + kept);
      if (got === 0) return kept > 0 ? number : 0;
      const end = kept + got;
      let from = 0;
      for (let to = block.indexOf(NEWLINE); to !== -1 && to < end; to = block.indexOf(NEWLINE, from)) {
        const current = number;
        yield { block, from, to, segment, offset: begins + from, number, where: () => `${path}:${current}` };
        from = to + 1;
        number += 1;
      }
      block.copy(block, 0, from, end);
      begins += from;
      kept = end - from;
    }
  } finally {
    closeSync(descriptor);
  }
}

/** For a line longer than the block. */
function enlarged(block: Buffer): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafe(2 * block.length);
  block.copy(larger);
  return larger;
}
