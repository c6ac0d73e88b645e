/**
 * Runs a translated kernel workgroup by workgroup, each invocation up to its next barrier or shuffle, and finds what a GPU may do otherwise:
 * invocations that use the same number of shared memory, one of them to write, with no barrier for that memory in between; barriers that not
 * all of a workgroup come to; indices beyond the end. Not found: what depends on data that this run does not have.
 */
import type { Global, Translation } from './translation.ts';

export type Words = Float32Array | Uint32Array;

/** What the translation may call. */
const RUNTIME = { pick, combine, vector, choose, bits, even };

/** What is known of a number: barriers passed when it was last written and last read, by which invocation, and the group that wrote it. */
const [WRITTEN, WRITER, READ, READER, GROUP, FIELDS] = [0, 1, 2, 3, 4, 5];
const NOBODY = -1;
const SEVERAL = -2;
const MOST_FINDINGS = 20;

interface Stop {
  readonly place: number;
  readonly kind: 'workgroup' | 'storage' | 'shuffle';
  readonly value: unknown;
  readonly mask: number;
}

type Invocation = Generator<Stop, void, unknown>;

/** Who runs, and how many barriers have been passed. */
class Now {
  invocation = 0;
  group = 0;
  /** What was written needs a barrier of its own memory to be seen by others; what was read may be written over after any. */
  readonly passed = { workgroup: 0, storage: 0, any: 0 };
  readonly findings: string[] = [];

  find(text: string): void {
    if (this.findings.length < MOST_FINDINGS && !this.findings.includes(text)) this.findings.push(text);
  }
}

/** Shared memory, by scalars. */
class Memory {
  private readonly words: Words;
  private readonly now: Now;
  private readonly global: Global;
  private readonly seen: Int32Array;
  private readonly bits: Uint32Array;

  constructor(global: Global, words: Words, now: Now) {
    this.global = global;
    this.words = words;
    this.now = now;
    this.bits = new Uint32Array(words.buffer, words.byteOffset, words.length);
    this.seen = global.writable ? new Int32Array(FIELDS * words.length).fill(NOBODY) : new Int32Array(0);
  }

  read(at: number, kind?: string): number {
    this.check(at, false, false);
    // a uniform's members are of several kinds
    return kind === 'u32' ? this.bits[at]! : this.words[at]!;
  }

  readVector(at: number, length: number): number[] {
    return Array.from({ length }, (_, k) => this.read(at + k));
  }

  write(at: number, value: number): void {
    const before = this.bits[at];
    this.words[at] = value;
    this.check(at, true, this.bits[at] !== before);
  }

  writeVector(at: number, values: readonly number[]): void {
    values.forEach((value, k) => this.write(at + k, value));
  }

  private check(at: number, writes: boolean, changed: boolean): void {
    const { now, seen, global } = this;
    if (!(at >= 0 && at < this.words.length)) return now.find(`${global.name}: number ${at} is beyond its ${this.words.length}`);
    if (!global.writable) return;
    const me = now.invocation;
    const place = FIELDS * at;
    const visible = now.passed[global.space === 'workgroup' ? 'workgroup' : 'storage'];
    const writer = seen[place + WRITER]!;
    const reader = seen[place + READER]!;
    const group = seen[place + GROUP]!;
    const others = (what: string): string => `${global.name}: number ${at} is ${what} by another invocation without a barrier between`;
    if (group !== NOBODY && group !== now.group) now.find(`${global.name}: two workgroups use number ${at}`);
    // the same value twice is no harm
    if (seen[place + WRITTEN] === visible && writer !== me && (!writes || changed))
      now.find(others(writes ? 'written twice,' : 'written, and read'));
    const readNow = seen[place + READ] === now.passed.any;
    if (writes && changed && readNow && reader !== me) now.find(others('read, and written'));
    if (writes) {
      seen[place + WRITTEN] = visible;
      seen[place + WRITER] = me;
      seen[place + GROUP] = now.group;
    } else {
      seen[place + READER] = readNow && reader !== me ? SEVERAL : me;
      seen[place + READ] = now.passed.any;
    }
  }
}

export interface Dispatch {
  readonly workgroups: number;
  /** Invocations that shuffle among themselves. */
  readonly subgroup: number;
  /** By number of binding. */
  readonly bound: readonly Uint32Array[];
}

/** What was found; empty: nothing. */
export function run({ body, globals, workgroupSize }: Translation, { workgroups, subgroup, bound }: Dispatch): readonly string[] {
  const start = compiled(body);
  const now = new Now();
  const storage = globals
    .filter(({ binding }) => binding !== null)
    .map((global): [string, Memory] => [`${global.name}$`, memoryOf(global, bound[global.binding!]!, now)]);
  for (let group = 0; group < workgroups; group++) {
    now.group = group;
    // nothing says what is in it at first
    const own = globals
      .filter(({ binding }) => binding === null)
      .map((global): [string, Memory] => [`${global.name}$`, memoryOf(global, new Uint32Array(global.size!).fill(POISON), now)]);
    const memory = new Map([...storage, ...own]);
    const invocations = Array.from({ length: workgroupSize }, (_, tid) =>
      start(tid, [group, 0, 0], [workgroups, 1, 1], Object.fromEntries(memory), WAIT, ...Object.values(RUNTIME)),
    );
    runGroup(invocations, subgroup, now);
    now.passed.workgroup += 1;
    now.passed.storage += 1;
    now.passed.any += 1;
  }
  return now.findings;
}

type Start = (tid: number, group: readonly number[], groups: readonly number[], memory: object, ...rest: unknown[]) => Invocation;

function compiled(body: string): Start {
  // oxlint-disable-next-line no-new-func, no-implied-eval -- a translation is the text of such a function
  return new Function('tid', 'group', 'groups', 'memory', 'wait', ...Object.keys(RUNTIME), body) as Start;
}

/** Not a number, and no index either. */
export const POISON = 0x7fc0dead;

function memoryOf(global: Global, bits: Uint32Array, now: Now): Memory {
  return new Memory(global, global.kind === 'f32' ? new Float32Array(bits.buffer, bits.byteOffset, bits.length) : bits, now);
}

const WAIT = {
  *workgroupBarrier(place: number) {
    yield { place, kind: 'workgroup' };
  },
  *storageBarrier(place: number) {
    yield { place, kind: 'storage' };
  },
  *uniformly(place: number, load: () => unknown): Generator<unknown, unknown, unknown> {
    yield { place, kind: 'workgroup' };
    const value = load();
    yield { place, kind: 'workgroup' };
    return value;
  },
  *shuffle(place: number, value: unknown, mask: number): Generator<unknown, unknown, unknown> {
    return yield { place, kind: 'shuffle', value, mask };
  },
};

/** All of a workgroup, to its end. */
function runGroup(invocations: readonly Invocation[], subgroup: number, now: Now): void {
  const answers: unknown[] = invocations.map(() => undefined);
  for (;;) {
    const stops: (Stop | null)[] = [];
    for (let first = 0; first < invocations.length; first += subgroup) {
      stops.push(...toBarrier(invocations.slice(first, first + subgroup), answers, first, now));
    }
    const [stop] = stops;
    if (stops.some((other) => other?.place !== stop?.place || other?.kind !== stop?.kind)) {
      now.find(`not all invocations come to the same barrier: ${JSON.stringify(stops.map((other) => other?.place ?? 'end'))}`);
      return;
    }
    if (stop === null || stop === undefined) return;
    now.passed[stop.kind === 'workgroup' ? 'workgroup' : 'storage'] += 1;
    now.passed.any += 1;
  }
}

/** A subgroup up to its next barrier; shuffles are answered on the way. */
function toBarrier(own: readonly Invocation[], answers: unknown[], first: number, now: Now): (Stop | null)[] {
  for (;;) {
    const stops = own.map((invocation, k) => {
      now.invocation = first + k;
      const { value, done } = invocation.next(answers[first + k]);
      return done === true ? null : value;
    });
    if (stops.every((stop) => stop?.kind !== 'shuffle')) return stops;
    const [place] = stops.map((stop) => stop?.place);
    if (stops.some((stop) => stop?.place !== place)) {
      now.find('not all invocations of a subgroup come to the same shuffle');
      return stops;
    }
    stops.forEach((stop, k) => (answers[first + k] = stops[k ^ stop!.mask]?.value));
  }
}

// What WGSL has and JavaScript has not

function pick(vector_: readonly number[], ...places: number[]): number[] {
  return places.map((k) => vector_[k]!);
}

function combine(length: number, a: unknown, b: unknown, rule: (a: unknown, b: unknown, k: number) => unknown): unknown[] {
  return Array.from({ length }, (_, k) => rule(a, b, k));
}

function vector(length: number, ...parts: (number | readonly number[])[]): number[] {
  const numbers = parts.flat();
  return numbers.length === 1 ? Array.from({ length }, () => numbers[0]!) : numbers;
}

function choose(no: unknown, yes: unknown, which: boolean | readonly boolean[]): unknown {
  if (!Array.isArray(which)) return which === true ? yes : no;
  // of vectors, part by part
  return which.map((one, k) => ((one === true ? yes : no) as readonly number[])[k]);
}

const both = new DataView(new ArrayBuffer(4));

function bits(from: string, to: string, value: number): number {
  if (from === 'f32') both.setFloat32(0, value);
  else both.setUint32(0, value >>> 0);
  if (to === 'f32') return both.getFloat32(0);
  return to === 'u32' ? both.getUint32(0) : both.getInt32(0);
}

/** Halves to the even neighbour. */
function even(value: number): number {
  const near = Math.round(value);
  return Math.abs(value - Math.trunc(value)) === 0.5 && near % 2 !== 0 ? near - 1 : near;
}
