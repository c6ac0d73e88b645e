/**
 * The writer of the outcome log, the truth about which replicas are finished. A result is acknowledged when it is durable: all
 * results that arrive while the disk is busy share the next write and fsync. One process at a time (writer-lock.ts); any number read.
 *
 * Not a database: no update, no delete, no query. The index in memory is a bit per replica.
 */
import { dirname } from 'node:path';
import { LoligoError } from '../../schemas/errors.ts';
import type { Result } from '../../schemas/generated/types.ts';
import type { OutcomeKind } from '../../schemas/outcome-kind.ts';
import { parseResult } from '../../schemas/parse.ts';
import { makeFolder, onDisk, syncFolder } from './disk.ts';
import { IndexSet } from './index-set.ts';
import { LineFile } from './line-file.ts';
import { damaged, outcomeLine, readHead } from './outcome-line.ts';
import { lines, listSegments, outcomesFolder, segmentPath, segmentsOf } from './segments.ts';

const SEGMENT_BYTES = 64 * 1024 * 1024;

export type OutcomeCounts = Readonly<Record<OutcomeKind, number>>;

interface Waiting {
  readonly line: string;
  readonly settle: (error: unknown) => void;
}

export class OutcomeLog {
  readonly #folder: string;
  readonly #segmentBytes: number;
  readonly #finished: IndexSet;
  readonly #counts: Record<OutcomeKind, number>;
  #stored: number;
  #number: number;
  #segment: LineFile;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #broken: unknown;

  /** Use openOutcomeLog. */
  constructor(folder: string, segmentBytes: number, finished: IndexSet, counts: Record<OutcomeKind, number>) {
    this.#folder = folder;
    this.#segmentBytes = segmentBytes;
    this.#finished = finished;
    this.#counts = counts;
    this.#stored = finished.size;
    this.#number = listSegments(folder).at(-1) ?? 1;
    this.#segment = this.#openSegment();
  }

  /** Replicas with a durable outcome. */
  get stored(): number {
    return this.#stored;
  }

  get counts(): OutcomeCounts {
    return { ...this.#counts };
  }

  /** True for a replica with a stored outcome or one on its way to the disk. */
  has(index: number): boolean {
    return this.#finished.has(index);
  }

  /**
   * Resolves when the result is durable: with true, or with false when this replica had an outcome before (the first counts).
   * Throws SCHEMA_MESSAGE for a result that is none (NaN among them), DISK when it could not be made durable; then the log takes no more.
   */
  append(result: Result): Promise<boolean> {
    if (this.#broken !== undefined) return Promise.reject(asError(this.#broken));
    try {
      parseResult(result);
    } catch (error) {
      return Promise.reject(asError(error));
    }
    if (!this.#finished.add(result.index)) return this.#durable().then(() => false);
    return this.#enqueue(outcomeLine(result)).then(() => {
      this.#counts[result.outcome.kind] += 1;
      this.#stored += 1;
      return true;
    });
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#writing;
    this.#broken ??= new Error('internal: the outcome log is closed');
    this.#segment.close();
  }

  #enqueue(line: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, settle: (error) => (error === undefined ? resolve() : reject(asError(error))) });
      this.#writing ??= this.#write();
    });
  }

  /** A duplicate must not be acknowledged before the first is on the disk. */
  async #durable(): Promise<void> {
    await this.#writing;
    if (this.#broken !== undefined) throw asError(this.#broken);
  }

  async #write(): Promise<void> {
    // a turn later, so that results handed in together share one fsync
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const failure = await this.#store(batch);
      for (const { settle } of batch) settle(failure);
    }
    this.#writing = undefined;
  }

  /** After a failed write or fsync nobody knows what is on the disk, so the log takes nothing more: the next opener reads what is there. */
  async #store(batch: readonly Waiting[]): Promise<unknown> {
    if (this.#broken !== undefined) return this.#broken;
    try {
      if (this.#segment.bytes >= this.#segmentBytes) this.#roll();
      this.#segment.append(batch.map(({ line }) => line).join(''));
      await this.#segment.sync();
    } catch (error) {
      this.#broken = error;
    }
    return this.#broken;
  }

  #roll(): void {
    this.#segment.close();
    this.#number += 1;
    this.#segment = this.#openSegment();
  }

  #openSegment(): LineFile {
    const segment = new LineFile(segmentPath(this.#folder, this.#number));
    onDisk(this.#folder, 'fsync', () => syncFolder(this.#folder));
    return segment;
  }
}

/** Opens or creates the log of a run directory for its one writer. Throws DISK, and RUN_CORRUPT with file and line. */
export function openOutcomeLog(runDirectory: string, options: { replicas: number; segmentBytes?: number }): OutcomeLog {
  const folder = outcomesFolder(runDirectory);
  makeFolder(folder);
  onDisk(folder, 'creating a folder', () => syncFolder(dirname(folder)));
  const finished = new IndexSet();
  const counts = { converged: 0, stopped: 0, diverged: 0, pruned: 0, failed: 0 };
  for (const { block, from, to, where } of lines(segmentsOf(runDirectory))) {
    const { index, kind } = readHead(block, from, to, where);
    if (index >= options.replicas) throw damaged(where(), `replica ${index} of a sweep with ${options.replicas}`);
    if (finished.add(index)) counts[kind] += 1;
  }
  return new OutcomeLog(folder, options.segmentBytes ?? SEGMENT_BYTES, finished, counts);
}

function asError(error: unknown): Error {
  return error instanceof Error
    ? error
    : new LoligoError([{ code: 'DISK', where: 'outcomes', rule: 'the log must take results', got: String(error) }]);
}
