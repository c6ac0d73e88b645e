/**
 * The writer of the outcome log, the truth about which replicas are finished. A result is acknowledged when it is durable: all
 * results that arrive while the disk is busy share the next write and fsync. One process at a time (writer-lock.ts); any number read.
 *
 * Not a database: no update, no query; the outcome of a replica that was given up may be withdrawn, by a line more. The index in memory
 * is a bit per replica.
 */
import { dirname } from 'node:path';
import { LoligoError } from '../../schemas/errors.ts';
import type { Result } from '../../schemas/generated/types.ts';
import { parseResult } from '../../schemas/parse.ts';
import { makeFolder, onDisk, syncFolder } from './disk.ts';
import { LineFile } from './line-file.ts';
import { readIndex, type DeadOutcome, type OutcomeCounts, type OutcomeIndex } from './outcome-index.ts';
import { outcomeLine, withdrawalLine } from './outcome-line.ts';
import { listSegments, outcomesFolder, segmentPath } from './segments.ts';

const SEGMENT_BYTES = 64 * 1024 * 1024;

interface Waiting {
  readonly line: string;
  readonly settle: (error: unknown) => void;
}

export class OutcomeLog {
  readonly #folder: string;
  readonly #segmentBytes: number;
  readonly #index: OutcomeIndex;
  /** Withdrawals on their way to the disk. */
  readonly #withdrawing = new Set<number>();
  #stored: number;
  #number: number;
  #segment: LineFile;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #broken: unknown;

  /** Use openOutcomeLog. */
  constructor(folder: string, segmentBytes: number, index: OutcomeIndex) {
    this.#folder = folder;
    this.#segmentBytes = segmentBytes;
    this.#index = index;
    this.#stored = index.finished.size;
    this.#number = listSegments(folder).at(-1) ?? 1;
    this.#segment = this.#openSegment();
  }

  /** Replicas with a durable outcome. */
  get stored(): number {
    return this.#stored;
  }

  get counts(): OutcomeCounts {
    return this.#index.counts;
  }

  /** Outcomes `failed` by error code. */
  get failures(): Readonly<Record<string, number>> {
    return this.#index.failures;
  }

  /** Replicas that were given up, by index. */
  get dead(): ReadonlyMap<number, DeadOutcome> {
    return this.#index.dead;
  }

  /** How often each replica was put back; those that never were are not in it. */
  get retries(): ReadonlyMap<number, number> {
    return this.#index.retries;
  }

  /** True for a replica with a stored outcome or one on its way to the disk. */
  has(index: number): boolean {
    return this.#index.finished.has(index);
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
    if (!this.#index.finished.add(result.index)) return this.#durable().then(() => false);
    return this.#enqueue(outcomeLine(result)).then(() => {
      const { outcome } = result;
      this.#index.count(outcome.kind, outcome.kind === 'failed' ? outcome.error.code : undefined, () => result);
      this.#stored += 1;
      return true;
    });
  }

  /**
   * Takes back the outcome of a replica that was given up: it has none again. Resolves when that is durable, with false when the replica is
   * not dead. Throws DISK.
   */
  async withdraw(index: number): Promise<boolean> {
    const dead = this.#index.dead.get(index);
    if (dead === undefined || this.#withdrawing.has(index)) return false;
    this.#withdrawing.add(index);
    try {
      await this.#enqueue(withdrawalLine(dead.result));
    } finally {
      this.#withdrawing.delete(index);
    }
    this.#index.withdraw(index);
    this.#stored -= 1;
    return true;
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
  return new OutcomeLog(folder, options.segmentBytes ?? SEGMENT_BYTES, readIndex(runDirectory, options.replicas));
}

function asError(error: unknown): Error {
  return error instanceof Error
    ? error
    : new LoligoError([{ code: 'DISK', where: 'outcomes', rule: 'the log must take results', got: String(error) }]);
}
