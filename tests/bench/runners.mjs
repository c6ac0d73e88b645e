/**
 * Processes that are timed against each other. A runner is a program that prints "ready", then answers each line on standard input with a
 * rate ("RATE" or "RATE LOSS"), measured over a slice of its own CPU time; ../../worker's engines, the peers' scripts and the FMA peak all
 * speak this. Each is pinned to the same cores and sleeps while another runs.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { answeredRate, lastLine } from './rates.mjs';

/** A compiling peer takes a minute to its first step. */
const READY_MS = 300_000;
const SLICE_MS = 120_000;

/** Resolves when it is ready; rejects with what the program said last. `cores` as taskset reads them, or null for no pinning. */
export async function startRunner({ name, command, args, env = {}, cores }) {
  const [program, ...rest] = pinned(cores, [command, ...args]);
  const child = spawn(program, rest, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (complaint = (complaint + text).slice(-20_000)));
  child.stdin.on('error', () => undefined); // the end of the program is told by the next answer that does not come
  const ended = once(child, 'close').catch((error) => [error.message]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  async function nextLine(withinMs) {
    const timer = setTimeout(() => child.kill('SIGKILL'), withinMs);
    try {
      const { value, done } = await lines.next();
      if (!done) return value;
      const [code, signal] = await ended;
      throw new Error(lastLine(complaint) || `ended with ${signal ?? code}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The one line that answers a line; a runner that takes longer is ended. */
  async function ask(line, withinMs) {
    child.stdin.write(`${line}\n`);
    return nextLine(withinMs);
  }

  async function close() {
    child.stdin.end();
    child.kill('SIGKILL');
    await ended;
  }

  let greeting;
  do greeting = await nextLine(READY_MS);
  while (!greeting.startsWith('ready'));
  return {
    name,
    /** What follows "ready": which instruction set it took, for instance. */
    note: greeting.slice('ready'.length).trim(),
    close,
    ask,
    slice: async () => answeredRate(await ask('slice', SLICE_MS)),
  };
}

/** Start those that can be started, one after the other; the others are told to `onAbsent` with the reason. */
export async function startAll(descriptions, onAbsent) {
  const runners = [];
  for (const description of descriptions) {
    try {
      runners.push(await startRunner(description));
    } catch (error) {
      onAbsent(description.name, error.message);
    }
  }
  return runners;
}

/**
 * `slices` rounds of one slice each, there and back (A B C, C B A), so that a drift meets all alike. Rates by name, one of each round. A
 * runner that fails on the way is told to `onAbsent` and left out, earlier rounds too.
 */
export async function alternate(runners, slices, onAbsent) {
  const rates = new Map(runners.map((runner) => [runner, []]));
  for (let round = 0; round < slices; round++) {
    const present = [...rates.keys()];
    for (const runner of round % 2 === 0 ? present : present.toReversed()) {
      try {
        rates.get(runner).push(await runner.slice());
      } catch (error) {
        onAbsent(runner.name, error.message);
        rates.delete(runner);
      }
    }
  }
  return Object.fromEntries([...rates].map(([{ name }, values]) => [name, values]));
}

/** Start those that can be started, alternate, close: rates by name. `onStarted` hears the names. */
export async function timeTogether(descriptions, slices, onAbsent, onStarted = () => undefined) {
  const runners = await startAll(descriptions, onAbsent);
  try {
    onStarted(runners.map(({ name }) => name));
    return await alternate(runners, slices, onAbsent);
  } finally {
    await closeAll(runners);
  }
}

export async function closeAll(runners) {
  await Promise.all(runners.map((runner) => runner.close()));
}

/** Binds a program to cores: util-linux. */
const PINNING_PROGRAM = 'taskset';

let tasksetThere;

function pinned(cores, command) {
  return cores === null || !hasTaskset() ? command : [PINNING_PROGRAM, '-c', cores, ...command];
}

export function hasTaskset() {
  if (tasksetThere === undefined) {
    try {
      execFileSync(PINNING_PROGRAM, ['--version'], { stdio: 'ignore' });
      tasksetThere = true;
    } catch {
      tasksetThere = false; // not Linux: nothing is pinned, and the bench says so
    }
  }
  return tasksetThere;
}

/** The cores that this process may use, or [] where the system does not say. */
export function allowedCores() {
  let status;
  try {
    status = readFileSync('/proc/self/status', 'utf8');
  } catch {
    return []; // not Linux
  }
  const ranges = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1]?.split(',') ?? [];
  return ranges.flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, k) => first + k);
  });
}
