/**
 * A file that only grows, line by line, written by one process. A death in the middle of a write leaves a last line without its end:
 * it was never durable, so the next writer cuts it off and readers pass over it.
 */
import { closeSync, fdatasync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { diskError, onDisk } from './disk.ts';

const NEWLINE = 0x0a;
const LOOK_BACK_BYTES = 65_536;
const flush = promisify(fdatasync);

export class LineFile {
  readonly path: string;
  readonly #descriptor: number;
  #bytes: number;

  /** Opens or creates the file and cuts a torn last line off. Throws DISK. */
  constructor(path: string) {
    this.path = path;
    this.#descriptor = onDisk(path, 'opening', () => openSync(path, 'a+'));
    const size = fstatSync(this.#descriptor).size;
    this.#bytes = endOfLastLine(this.#descriptor, size);
    if (this.#bytes < size) this.#cut();
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Appends whole lines: all of them or, on a DISK error, none. Not durable before `sync`. */
  append(lines: string): void {
    const bytes = Buffer.from(lines);
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#descriptor, bytes, done);
    } catch (error) {
      this.#cut();
      throw diskError(this.path, 'appending', error);
    }
    this.#bytes += bytes.length;
  }

  /** Makes everything appended so far durable. */
  async sync(): Promise<void> {
    try {
      await flush(this.#descriptor);
    } catch (error) {
      throw diskError(this.path, 'fsync', error);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #cut(): void {
    onDisk(this.path, 'truncating', () => ftruncateSync(this.#descriptor, this.#bytes));
  }
}

function endOfLastLine(descriptor: number, size: number): number {
  const block = Buffer.alloc(LOOK_BACK_BYTES);
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - LOOK_BACK_BYTES);
    const length = readSync(descriptor, block, 0, end - start, start);
    const found = block.lastIndexOf(NEWLINE, length - 1);
    if (length > 0 && found !== -1) return start + found + 1;
    end = start;
  }
  return 0;
}
