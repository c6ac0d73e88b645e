/** The engines of this build: which of them work on this machine, how fast each is, and which one `auto` takes. */
import { LoligoError, messageOf } from '../../schemas/errors.ts';
import type { Engine, EngineName } from './engine.ts';
import { createReferenceEngine } from './reference/reference-engine.ts';
import { measureSpeed } from './speed-test.ts';
import { createTfjsEngine } from './tfjs/tfjs-engine.ts';

export interface EngineFinding {
  readonly name: EngineName;
  readonly available: boolean;
  /** What it is, or why it does not work. */
  readonly reason: string;
  /** Adam steps a second, all replicas of the speed test together; absent when it does not work. */
  readonly stepsPerSecond?: number;
}

interface Entry {
  readonly name: EngineName;
  readonly text: string;
  readonly create: () => Promise<Engine>;
}

const ENGINES: readonly Entry[] = [
  { name: 'reference', text: 'plain TypeScript, float64', create: () => Promise.resolve(createReferenceEngine()) },
  {
    name: 'tfjs',
    text: 'TensorFlow.js on WebAssembly SIMD, float32; Levenberg-Marquardt in float64 by reference',
    create: createTfjsEngine,
  },
];

let findings: Promise<EngineFinding[]> | undefined;

/** Try and time every engine: about a second, once per process. */
export async function availableEngines(): Promise<EngineFinding[]> {
  return (findings ??= examineAll());
}

async function examineAll(): Promise<EngineFinding[]> {
  const found: EngineFinding[] = [];
  // one after the other: they share the processor that they are timed on
  for (const entry of ENGINES) found.push(await examine(entry));
  return found;
}

async function examine({ name, text, create }: Entry): Promise<EngineFinding> {
  try {
    const engine = await create();
    const stepsPerSecond = await measureSpeed(engine);
    await engine.close();
    return { name, available: true, reason: text, stepsPerSecond };
  } catch (error) {
    return { name, available: false, reason: messageOf(error) };
  }
}

/** Open an engine by name, or with `auto` the fastest that works; `why` says so in a line. Throws ENGINE_UNAVAILABLE. */
export async function openEngine(name: string): Promise<{ engine: Engine; why: string }> {
  if (name === 'auto') return openFastest();
  const entry = ENGINES.find((candidate) => candidate.name === name);
  const known = ENGINES.map((candidate) => candidate.name).join(', ');
  if (entry === undefined) throw unavailable(name, `the engine must be one of auto, ${known}`);
  try {
    return { engine: await entry.create(), why: `${name} was asked for: ${entry.text}` };
  } catch (cause) {
    throw unavailable(name, messageOf(cause), cause);
  }
}

async function openFastest(): Promise<{ engine: Engine; why: string }> {
  const working = (await availableEngines())
    .filter(({ available }) => available)
    .toSorted((a, b) => (b.stepsPerSecond ?? 0) - (a.stepsPerSecond ?? 0));
  const [best] = working;
  if (best === undefined) throw unavailable('auto', 'no engine works here');
  const speeds = working.map(({ name, stepsPerSecond = 0 }) => `${name} ${stepsPerSecond.toFixed(0)}`).join(', ');
  return { engine: (await openEngine(best.name)).engine, why: `${best.name} is the fastest here (replica-steps a second: ${speeds})` };
}

function unavailable(name: string, rule: string, cause?: unknown): LoligoError {
  return new LoligoError(
    [{ code: 'ENGINE_UNAVAILABLE', where: `--engine ${name}`, rule, remedy: 'Ask "loligo doctor" which engines work here.' }],
    { cause },
  );
}
