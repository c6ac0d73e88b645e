/** The engines of this build: which of them work on this machine, how fast each is, and which one `auto` takes. */
import { availableParallelism } from 'node:os';
import { messageOf } from '../../schemas/errors.ts';
import type { Engine, EngineName } from './engine.ts';
import { createNativeEngine, createWasmEngine } from './fused/fused-engine.ts';
import { describeNative, describeWasm } from './fused/build-report.ts';
import { createReferenceEngine } from './reference/reference-engine.ts';
import { measureAdam } from './speed-test.ts';
import { engineUnavailable } from './unavailable.ts';

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
  /** What it is, on this machine. */
  readonly describe: () => Promise<string>;
  /** `arithmetic`: of the same engine in another thread of this process. */
  readonly create: (arithmetic?: string) => Promise<Engine>;
  /** As Engine.onDevice, known before it is opened. */
  readonly onDevice?: true;
}

// Loaded when they are asked for: tfjs alone takes 0.2 s of each thread of each process.
const tfjs = () => import('./tfjs/tfjs-engine.ts');
const webgpu = () => import('./webgpu/webgpu-engine.ts');

const ENGINES: readonly Entry[] = [
  {
    name: 'reference',
    describe: () => Promise.resolve('plain TypeScript, float64'),
    create: () => Promise.resolve(createReferenceEngine()),
  },
  {
    name: 'tfjs',
    describe: async () => (await tfjs()).describeTfjs(),
    create: async () => (await tfjs()).createTfjsEngine(),
  },
  { name: 'native', describe: describeNative, create: () => createNativeEngine() },
  { name: 'wasm', describe: describeWasm, create: () => createWasmEngine() },
  {
    name: 'webgpu',
    describe: async () => (await webgpu()).describeWebgpu(),
    create: async (arithmetic) => (await webgpu()).createWebgpuEngine({ arithmetic }),
    onDevice: true,
  },
];

let everything: Promise<EngineFinding[]> | undefined;
const findings = new Map<EngineName, Promise<EngineFinding>>();

/** Try and time every engine: some seconds, once per process. */
export async function availableEngines(): Promise<EngineFinding[]> {
  return (everything ??= findingsOf(ENGINES));
}

async function findingsOf(entries: readonly Entry[]): Promise<EngineFinding[]> {
  const found: EngineFinding[] = [];
  // one after the other: they share the processor that they are timed on
  for (const entry of entries) found.push(await findingOf(entry));
  return found;
}

function findingOf(entry: Entry): Promise<EngineFinding> {
  const known = findings.get(entry.name) ?? examine(entry);
  findings.set(entry.name, known);
  return known;
}

async function examine({ name, describe, create }: Entry): Promise<EngineFinding> {
  try {
    const engine = await create();
    const stepsPerSecond = await measureAdam(engine);
    await engine.close();
    return { name, available: true, reason: await describe(), stepsPerSecond };
  } catch (error) {
    return { name, available: false, reason: messageOf(error) };
  }
}

/** What an engine lacks for the work at hand, by name; null when nothing. */
export type Refusal = (engine: Engine) => string | null;

export interface Work {
  /** Whether the sweep has no stage of second order. Those run on the host's cores and take nine tenths of a replica's time: a GPU gains nothing then, and is not tried. */
  readonly adamOnly?: boolean;
}

/**
 * Open an engine by name, or with `auto` the fastest that works and refuses nothing; `why` says so in a line. An engine asked for by name is
 * opened whatever it refuses. Throws ENGINE_UNAVAILABLE.
 */
export async function openEngine(
  name: string,
  refusal: Refusal = () => null,
  { adamOnly = false }: Work = {},
): Promise<{ engine: Engine; why: string }> {
  if (name === 'auto')
    return openFastest(
      ENGINES.filter(({ onDevice = false }) => adamOnly || !onDevice),
      refusal,
    );
  return { engine: await openNamedEngine(name), why: `${name} was asked for: ${await entryOf(name).describe()}` };
}

/**
 * As openEngine, and nothing is said. `arithmetic`: of the same engine in other threads of this process, to whom this one leaves Adam; where it has a
 * device, that is opened only if Adam is asked for.
 */
export async function openNamedEngine(name: string, arithmetic?: string): Promise<Engine> {
  const { create } = entryOf(name);
  return create(arithmetic).catch((cause: unknown) => {
    throw engineUnavailable(name, messageOf(cause), { cause });
  });
}

/** An engine that will train on other machines, to be asked what it refuses; undefined where it does not work on this one. Throws ENGINE_UNAVAILABLE for a name that no engine has. */
export async function engineToAsk(name: string): Promise<Engine | undefined> {
  const { create } = entryOf(name);
  return create().catch(() => undefined);
}

function entryOf(name: string): Entry {
  const entry = ENGINES.find((candidate) => candidate.name === name);
  const known = ENGINES.map((candidate) => candidate.name).join(', ');
  if (entry === undefined) throw engineUnavailable(name, `the engine must be one of auto, ${known}`);
  return entry;
}

/** What one of as many threads as there are cores gets. */
function perThread({ name, stepsPerSecond = 0 }: EngineFinding): number {
  return entryOf(name).onDevice === true ? stepsPerSecond / availableParallelism() : stepsPerSecond;
}

async function openFastest(entries: readonly Entry[], refusal: Refusal): Promise<{ engine: Engine; why: string }> {
  const working = (await findingsOf(entries)).filter(({ available }) => available).toSorted((a, b) => perThread(b) - perThread(a));
  const speeds = working.map((finding) => `${finding.name} ${perThread(finding).toFixed(0)}`).join(', ');
  const passed: string[] = [];
  for (const { name } of working) {
    const { engine } = await openEngine(name);
    const lacks = refusal(engine);
    if (lacks === null) {
      const but = passed.length === 0 ? '' : `; ${passed.join(', ')}`;
      return {
        engine,
        why: `${name} is the fastest here${but === '' ? '' : ' that can'} (replica-steps a second and thread: ${speeds}${but})`,
      };
    }
    passed.push(`${name} does not train ${lacks}`);
    await engine.close();
  }
  throw engineUnavailable('auto', passed.length === 0 ? 'no engine works here' : passed.join('; '));
}
