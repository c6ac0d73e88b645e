/**
 * How often each unfinished replica was delivered, in `attempts.jsonl`: a line for every change, the last one for a replica counts,
 * 0 forgets it. It outlives the process; it is not fsynced, because after the death of the machine a lower count costs one try more.
 * Compacted when most of its lines are history.
 */
import { existsSync, readFileSync } from 'node:fs';
import { LineFile } from '../results/line-file.ts';
import { writeAtomically } from '../results/disk.ts';

/** Below this many lines compaction is not worth a rewrite: 0.4 MB. */
const COMPACT_LINES = 4096;
const LINE = /^\{"replica":"([0-9a-f]{64})","deliveries":(\d{1,9})\}$/;

export class AttemptLedger {
  readonly #path: string;
  readonly #deliveries: Map<string, number>;
  #file: LineFile;
  #lines: number;

  /** Opens or creates the file. A line that is none is passed over: at worst its replica is tried once more. Throws DISK. */
  constructor(path: string) {
    this.#path = path;
    this.#file = new LineFile(path);
    const { deliveries, lines } = readLedger(path);
    this.#deliveries = deliveries;
    this.#lines = lines;
    this.#compactWhenStale();
  }

  deliveries(replica: string): number {
    return this.#deliveries.get(replica) ?? 0;
  }

  /** Written when it returns. Throws DISK; then nothing changed. */
  record(changes: readonly (readonly [replica: string, deliveries: number])[]): void {
    if (changes.length === 0) return;
    this.#file.append(changes.map(([replica, deliveries]) => ledgerLine(replica, deliveries)).join(''));
    for (const [replica, deliveries] of changes) keep(this.#deliveries, replica, deliveries);
    this.#lines += changes.length;
    this.#compactWhenStale();
  }

  close(): void {
    this.#file.close();
  }

  #compactWhenStale(): void {
    if (this.#lines < COMPACT_LINES || this.#lines < 4 * this.#deliveries.size) return;
    const kept = [...this.#deliveries].map(([replica, deliveries]) => ledgerLine(replica, deliveries)).join('');
    try {
      writeAtomically(this.#path, kept);
    } catch {
      // the ledger is whole, only longer than it need be; a disk that is really full shows at the next append
      return;
    }
    this.#file.close();
    this.#file = new LineFile(this.#path);
    this.#lines = this.#deliveries.size;
  }
}

function ledgerLine(replica: string, deliveries: number): string {
  return `{"replica":"${replica}","deliveries":${deliveries}}\n`;
}

function readLedger(path: string): { deliveries: Map<string, number>; lines: number } {
  const deliveries = new Map<string, number>();
  if (!existsSync(path)) return { deliveries, lines: 0 };
  const lines = readFileSync(path, 'utf8').split('\n');
  for (const line of lines) {
    const match = LINE.exec(line);
    if (match?.[1] !== undefined) keep(deliveries, match[1], Number(match[2]));
  }
  return { deliveries, lines: lines.length - 1 };
}

function keep(deliveries: Map<string, number>, replica: string, count: number): void {
  if (count === 0) deliveries.delete(replica);
  else deliveries.set(replica, count);
}
