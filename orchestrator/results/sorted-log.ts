/**
 * The outcome log in the order of the expansion, for a fold: a copy of every line that counts, each with what the expansion says of its
 * replica in front, so that DuckDB has nothing to sort and nothing to join. It would do both, but not a million wide rows in bounded memory.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { setImmediate as breath } from 'node:timers/promises';
import type { Result } from '../../schemas/generated/types.ts';
import { AcceptedLines } from './accepted-lines.ts';
import { onDisk } from './disk.ts';
import { parseOutcomeLine, readHead } from './outcome-line.ts';
import { lines, segmentsOf } from './segments.ts';

export interface SortedLogFiles {
  /** Every line. */
  readonly all: string;
  /** Those that have traces. */
  readonly traced: string;
}

const LINES_PER_BREATH = 2048;
const BUFFER_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const BRACE = 0x7b;

/**
 * `front` of each result, asked for in the order of the expansion: the first keys of its line, as `"key":value,` one after the other. Gives the
 * length of the longest line of the copy. Throws RUN_CORRUPT with file and line, DISK.
 */
export async function copyInOrder(places: Places, files: SortedLogFiles, front: (result: Result) => string): Promise<number> {
  const { segments, order, segment, number } = places;
  const reader = new LineReader(places);
  const [all, traced] = [new LineWriter(files.all), new LineWriter(files.traced)];
  let longestLine = 0;
  try {
    for (let row = 0; row < order.length; row++) {
      const line = reader.line(row);
      const place = order[row]!;
      const result = parseOutcomeLine(line.toString(), () => `${segments[segment[place]!]!}:${number[place]!}`);
      const opening = `{${front(result)}`;
      longestLine = Math.max(longestLine, opening.length + line.length);
      all.write(opening, line);
      if (result.estimate?.traces !== undefined) traced.write(opening, line);
      if (row % LINES_PER_BREATH === 0) await breath();
    }
    all.flush();
    traced.flush();
  } finally {
    for (const one of [reader, all, traced]) one.close();
  }
  return longestLine;
}

/** Where the lines that count stand (accepted-lines.ts), in the order of the log; `order` lists them by index of their replica. */
export interface Places {
  readonly segments: readonly string[];
  readonly segment: readonly number[];
  readonly from: readonly number[];
  /** Without the end of the line. */
  readonly length: readonly number[];
  readonly number: readonly number[];
  readonly order: Uint32Array;
}

/** The log as it stands now; it may grow. Throws RUN_CORRUPT with file and line, DISK. */
export async function acceptedPlaces(runDirectory: string): Promise<Places> {
  const segments = segmentsOf(runDirectory);
  const accepted = new AcceptedLines(segments);
  const [index, segment, from, length, number]: [number[], number[], number[], number[], number[]] = [[], [], [], [], []];
  for (const line of lines(segments)) {
    const head = readHead(line.block, line.from, line.to, line.where);
    if (!accepted.accepts(head)) continue;
    index.push(head.index);
    segment.push(line.segment);
    from.push(line.offset);
    length.push(line.to - line.from);
    number.push(line.number);
    if (index.length % LINES_PER_BREATH === 0) await breath();
  }
  const order = Uint32Array.from(index.keys()).sort((a, b) => index[a]! - index[b]!);
  return { segments, segment, from, length, number, order };
}

/** Lines in a given order; those that stand one after the other in the log are read together. */
class LineReader {
  readonly #descriptors: number[];
  readonly #places: Places;
  #block = Buffer.allocUnsafe(BUFFER_BYTES);
  /** Rows [first, end) are in the block. */
  #first = 0;
  #end = 0;

  constructor(places: Places) {
    this.#places = places;
    this.#descriptors = places.segments.map((path) => onDisk(path, 'reading', () => openSync(path, 'r')));
  }

  /** Of a row of the order, without its end; rows are asked for one after the other. Valid until the next. */
  line(row: number): Buffer {
    if (row >= this.#end) this.#read(row);
    const { order, from, length } = this.#places;
    const start = from[order[row]!]! - from[order[this.#first]!]!;
    return this.#block.subarray(start, start + length[order[row]!]!);
  }

  close(): void {
    for (const descriptor of this.#descriptors) closeSync(descriptor);
  }

  #read(row: number): void {
    const { segments, order, segment, from, length } = this.#places;
    const place = order[row]!;
    let end = row + 1;
    let bytes = length[place]!;
    for (; end < order.length; end++) {
      const [last, next] = [order[end - 1]!, order[end]!];
      const follows = segment[next] === segment[last] && from[next] === from[last]! + length[last]! + 1;
      if (!follows || bytes + 1 + length[next]! > BUFFER_BYTES) break;
      bytes += 1 + length[next]!;
    }
    if (bytes > this.#block.length) this.#block = Buffer.allocUnsafe(bytes);
    const path = segments[segment[place]!]!;
    const got = onDisk(path, 'reading', () => readSync(this.#descriptors[segment[place]!]!, this.#block, 0, bytes, from[place]!));
    if (got !== bytes) throw new Error(`internal: ${path} lost bytes while it was read`);
    [this.#first, this.#end] = [row, end];
  }
}

/** Writes lines in blocks. */
class LineWriter {
  readonly #path: string;
  readonly #descriptor: number;
  #block = Buffer.allocUnsafe(BUFFER_BYTES);
  #bytes = 0;

  constructor(path: string) {
    this.#path = path;
    this.#descriptor = onDisk(path, 'creating a file', () => openSync(path, 'w'));
  }

  /** `opening` takes the place of the line's brace. */
  write(opening: string, line: Buffer): void {
    const most = 3 * opening.length + line.length;
    if (this.#bytes + most > this.#block.length) this.flush();
    if (most > this.#block.length) this.#block = Buffer.allocUnsafe(most);
    this.#bytes += this.#block.write(opening, this.#bytes);
    this.#bytes += line.copy(this.#block, this.#bytes, line.indexOf(BRACE) + 1);
    this.#block[this.#bytes++] = NEWLINE;
  }

  flush(): void {
    onDisk(this.#path, 'writing', () => {
      for (let done = 0; done < this.#bytes;) done += writeSync(this.#descriptor, this.#block, done, this.#bytes - done);
    });
    this.#bytes = 0;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
