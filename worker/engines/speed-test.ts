/** A short, fixed piece of training to time an engine by: Hodgkin-Huxley, 251 points, 24 frequencies, 2 x 32, every residual, with projection. */
import { packageRoot } from '../../schemas/package-root.ts';
import { loadModel } from '../models/library.ts';
import { parameterValues } from '../models/parameter-values.ts';
import type { Cohort, Engine, Member, Shape, StageControl } from './engine.ts';
import { initialFrequencies, initialTheta } from './initial.ts';

const REPLICAS = 4;
const SAMPLES = 251;
/** Timed for about so long; a trial of many for less. */
const DURATION_MS = 400;
const TRIAL_MS = 100;
/** Steps a second of a few replicas below which a device is no GPU but a driver that plays one: filling it would take a quarter of a minute. */
const PLAYED = 200;
/** A doubling that brings less gains nothing. */
const GAIN = 1.1;

/** What `measureAdam` trains. */
export function speedTestShape(): Shape {
  const { model } = loadModel('hodgkin-huxley', packageRoot());
  return {
    model,
    infer: ['gNa', 'gK', 'gL'],
    priors: 0,
    states: 'network',
    architecture: 'mlp',
    depth: 2,
    width: 32,
    features: 24,
    scale: 'fixed',
    activation: 'tanh',
    factorisation: 'none',
    initialGates: 'model',
    samples: SAMPLES,
    segments: 1,
    perSample: 1,
  };
}

/** Adam steps a second, all replicas together; on a device with all the company that it gains by. */
export async function measureAdam(engine: Engine): Promise<number> {
  return engine.onDevice === true ? (await companyOf(engine)).stepsPerSecond : measureSpeed(engine, REPLICAS, DURATION_MS);
}

async function measureSpeed(engine: Engine, replicas: number, durationMs: number): Promise<number> {
  const shape = speedTestShape();
  const stage = { optimizer: 'adam', rate: 1e-3, parameterRate: 1, warmup: 1, physics: 1, project: true } as const;
  return timed(engine, shape, replicas, durationMs, (cohort, control) => cohort.adam({ ...stage, steps: MANY }, control));
}

/**
 * Engine.company, on a device no more of it than the device's speed gains by: some seconds. How fast a replica's bits come depends on it, not the bits.
 * An H100 does as many steps a second with 128 replicas as with 16,384 within a tenth, W1 and W2 alike: each is a workgroup, whatever its size.
 */
export async function measureCompany(engine: Engine): Promise<number> {
  return engine.onDevice === true ? (await companyOf(engine)).replicas : (engine.company ?? 1);
}

/** How many replicas together, and how fast they are. */
interface Company {
  readonly replicas: number;
  readonly stepsPerSecond: number;
}

/** By device: measured once in a process. */
const companies = new Map<string, Promise<Company>>();

async function companyOf(engine: Engine): Promise<Company> {
  const device = `${engine.name} ${engine.arithmetic}`;
  const found = companies.get(device) ?? gainingCompany(engine.company ?? 1, async (replicas) => measureSpeed(engine, replicas, TRIAL_MS));
  companies.set(device, found);
  return found;
}

/** Doubled until two doublings in a row gain nothing: one may be an accident. Where the gain ends between two sizes, the larger is taken. */
export async function gainingCompany(most: number, speed: (replicas: number) => Promise<number>): Promise<Company> {
  let best = Math.min(REPLICAS, most);
  let rate = await speed(best);
  if (rate < PLAYED) return { replicas: Math.min(2 * best, most), stepsPerSecond: rate };
  for (let size = 2 * best; size <= Math.min(most, 4 * best); size *= 2) {
    const next = await speed(size);
    if (next >= GAIN * rate) [best, rate] = [size, next];
  }
  return { replicas: Math.min(2 * best, most), stepsPerSecond: rate };
}

/** What `measureSecondOrder` trains: the formulation that second order is made for, gates integrated. */
export function secondOrderTestShape(): Shape {
  return { ...speedTestShape(), states: 'integrated' };
}

/** Levenberg-Marquardt iterations a second of one replica. */
export async function measureSecondOrder(engine: Engine): Promise<number> {
  const stage = { optimizer: 'levenberg-marquardt', physics: 1, tolerance: 0, project: true } as const;
  return timed(engine, secondOrderTestShape(), 1, DURATION_MS, (cohort, control) =>
    cohort.levenbergMarquardt({ ...stage, steps: MANY }, control),
  );
}

/** More steps than are taken, and still an integer of 32 bits. */
const MANY = 2 ** 31 - 1;

/**
 * Steps a second, from the first report of progress on: what is prepared once for a stage of thousands of steps is not counted. A short go comes first, so that
 * compilation and first touches of memory are not counted either.
 */
async function timed(
  engine: Engine,
  shape: Shape,
  replicas: number,
  durationMs: number,
  train: (cohort: Cohort, control: StageControl) => Promise<unknown>,
): Promise<number> {
  const members = Array.from({ length: replicas }, (_, r) => createMember(shape, r));
  const cohort = await engine.open(shape, members);
  try {
    await train(cohort, stopwatch(durationMs / 10).control);
    for (const [r, { theta }] of members.entries()) await cohort.load(r, { theta, step: 0 });
    const { control, stepsPerSecond } = stopwatch(durationMs);
    await train(cohort, control);
    return stepsPerSecond();
  } finally {
    await cohort.close();
  }
}

function stopwatch(durationMs: number): { control: StageControl; stepsPerSecond: () => number } {
  let [steps, began, ended] = [0, Infinity, 0];
  const control = {
    shouldStop: () => steps > 0 && ended - began > durationMs,
    progress: (count: number): void => {
      ended = performance.now();
      if (began === Infinity) began = ended;
      else steps += count;
    },
    // as training has it
    trace: () => undefined,
  };
  return { control, stepsPerSecond: () => (1000 * steps) / (ended - began) };
}

/** A sine of the size of a membrane voltage: what is learned does not matter here. */
function createMember(shape: Shape, seed: number): Member {
  const voltageMv = Float64Array.from({ length: SAMPLES }, (_, i) => -50 + 20 * Math.sin(i / 10));
  const values = parameterValues(shape.model);
  const fixed = Object.fromEntries(Object.entries(values).filter(([name]) => !shape.infer.includes(name)));
  return {
    segments: Int32Array.of(0),
    grid: Float64Array.from({ length: SAMPLES }, (_, p) => p / 10),
    sampleAt: Int32Array.from({ length: SAMPLES }, (_, i) => i),
    voltageMv,
    sampleWeight: new Float64Array(SAMPLES).fill(1),
    current: new Float64Array(SAMPLES).fill(10),
    drivenMv: new Float64Array(SAMPLES),
    drivenRate: new Float64Array(SAMPLES),
    frequencies: initialFrequencies(seed, shape.features, 0.4),
    fixed,
    weights: { data: 1, current: 1, gates: 1 },
    priors: [],
    sigmaMv: 1,
    huberMv: Infinity,
    noise: 'known',
    weighting: 'fixed',
    theta: initialTheta(shape, seed, values, fixed, [voltageMv[0]!]),
  };
}
