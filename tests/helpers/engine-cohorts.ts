/** Shapes, members and controls for tests of engines. Data are smooth made-up voltages: engines are compared, nothing is recovered. */
import { packageRoot } from '../../schemas/package-root.ts';
import { randomStream } from '../../schemas/random.ts';
import type { AdamStage } from '../../schemas/generated/types.ts';
import type { Cohort, Engine, Member, Settings, Shape, StageControl } from '../../worker/engines/engine.ts';
import { initialTheta } from '../../worker/engines/initial.ts';
import { gridSize } from '../../worker/engines/layout.ts';
import type { Prior } from '../../worker/engines/prior.ts';
import { loadModel } from '../../worker/models/library.ts';
import { collocationGrid } from '../../worker/train/collocation.ts';
import { simulate } from '../../worker/simulate/forward.ts';

export function shapeOf(modelName: string, overrides: Partial<Omit<Shape, 'model'>> = {}): Shape {
  const { model } = loadModel(modelName, packageRoot());
  return {
    model,
    infer: ['gNa', 'gK', 'gL'],
    priors: 0,
    states: 'network',
    architecture: 'mlp',
    depth: 2,
    width: 16,
    features: 8,
    scale: 'fixed',
    activation: 'tanh',
    factorisation: 'none',
    initialGates: 'model',
    samples: 41,
    segments: 1,
    perSample: 1,
    ...overrides,
  };
}

/** Replica `seed` of a shape; the last `padded` samples carry no weight. Samples are 0.1 to 0.14 ms apart. Segments are of unequal length, and not the same for every seed. */
export function memberOf(shape: Shape, seed: number, padded = 0): Member {
  const points = gridSize(shape);
  const segments = segmentsOf(shape, seed);
  const stepMs = sampleMsOf(seed) / shape.perSample;
  const voltageMv = Float64Array.from({ length: shape.samples }, (_, i) => -50 + 25 * Math.sin(i / 9 + seed));
  const values = Object.fromEntries(shape.model.parameters.map(({ name, value }) => [name, value]));
  const starts = Object.fromEntries(shape.infer.map((name, k) => [name, values[name]! * (1 + 0.1 * ((seed + k) % 3))]));
  const fixed = Object.fromEntries(Object.entries(values).filter(([name]) => !shape.infer.includes(name)));
  const uniform = {
    grid: Float64Array.from({ length: points }, (_, p) => p * stepMs),
    sampleAt: Int32Array.from({ length: shape.samples }, (_, i) => i * shape.perSample),
  };
  return {
    segments,
    ...(shape.segments === 1 ? uniform : collocationGrid({ voltageMv, sampleMs: sampleMsOf(seed), segments }, shape.perSample, 'uniform')),
    voltageMv,
    sampleWeight: Float64Array.from({ length: shape.samples }, (_, i) => (i < shape.samples - padded ? 1 : 0)),
    current: Float64Array.from({ length: points }, (_, j) => 5 + 3 * Math.sin(j / 20 + seed)),
    drivenMv: Float64Array.from({ length: points }, (_, j) => 4 * Math.sin(j / 7 + seed)),
    drivenRate: Float64Array.from({ length: points }, (_, j) => (4 / 7 / stepMs) * Math.cos(j / 7 + seed)),
    frequencies: scatteredFrequencies(seed, shape.features),
    fixed,
    weights: { data: 1, current: 0.7, gates: 1.3 },
    priors: priorsFor(shape, starts),
    sigmaMv: 30,
    huberMv: Infinity,
    noise: 'known',
    weighting: 'fixed',
    theta: initialTheta(
      shape,
      seed,
      { ...values, ...starts },
      fixed,
      Array.from(segments, (first) => voltageMv[first]!),
    ),
  };
}

/** Of the first parameters, in turn of the logarithm (where positive) and of the value, away from where the fit starts. */
function priorsFor({ model, infer, priors }: Shape, starts: Readonly<Record<string, number>>): Prior[] {
  return infer.slice(0, priors).map((name, parameter) => {
    const start = starts[name]!;
    const logarithmic = parameter % 2 === 0 && model.parameters.some((candidate) => candidate.name === name && candidate.positive);
    return logarithmic
      ? { parameter, logarithmic, centre: Math.log(1.3 * start), sd: 0.1 }
      : { parameter, logarithmic, centre: 0.8 * start, sd: 0.1 * Math.abs(start) };
  });
}

/** First samples: the later segments are a little shorter than the first. */
function segmentsOf({ samples, segments }: Shape, seed: number): Int32Array {
  return Int32Array.from({ length: segments }, (_, s) => (s === 0 ? 0 : Math.floor((s * samples) / segments) + 1 + (seed % 2)));
}

/** Wider and less even than a replica's own, so that few of them draw much: the tolerances of the tests were set with them. */
function scatteredFrequencies(seed: number, count: number): Float64Array {
  const stream = randomStream(seed, 'frequencies');
  return Float64Array.from({ length: count }, (_, k) => 0.4 * stream.normal(k));
}

function sampleMsOf(seed: number): number {
  return 0.1 + 0.02 * (seed % 3);
}

/** The same with points where V changes, and a current that is as uneven. */
export function unevenMember(shape: Shape, seed: number, padded = 0): Member {
  const member = memberOf(shape, seed, padded);
  const { grid, sampleAt } = collocationGrid({ ...member, sampleMs: sampleMsOf(seed) }, shape.perSample, 'data-slope');
  return { ...member, grid, sampleAt, current: grid.map((t) => 5 + 3 * Math.sin(2 * t + seed)) };
}

/** What a member asks of an engine beside its shape. */
export function settingsOf({ huberMv, noise, weighting }: Member, overrides: Partial<Settings> = {}): Settings {
  return { huberMv, noise, weighting, density: 'uniform', training: [], ...overrides };
}

/** Use a cohort and close it. */
export async function withCohort<T>(
  engine: Engine,
  shape: Shape,
  members: readonly Member[],
  use: (cohort: Cohort) => Promise<T>,
): Promise<T> {
  const cohort = await engine.open(shape, members);
  try {
    return await use(cohort);
  } finally {
    await cohort.close();
  }
}

/** theta of every replica after one Adam stage. */
export async function trained(engine: Engine, shape: Shape, members: readonly Member[], stage = adamStage()): Promise<Float64Array[]> {
  return withCohort(engine, shape, members, async (cohort) => {
    await cohort.adam(stage, controlOf());
    return Promise.all(members.map(async (_, r) => (await cohort.save(r)).theta));
  });
}

/** The model's own voltage under a constant current of 10 from rest, at its own parameters. */
export function simulatedMember(shape: Shape, seed: number): Member {
  const member = memberOf(shape, seed);
  const outcome = simulate(shape.model, { parameters: {}, current: new Float64Array(shape.samples).fill(10), sampleMs: sampleMsOf(seed) });
  if (outcome.kind === 'failed') throw new Error('the simulation failed');
  const still = new Float64Array(member.grid.length);
  return { ...member, voltageMv: outcome.states['V']!, current: member.current.fill(10), drivenMv: still, drivenRate: still };
}

export function adamStage(overrides: Partial<AdamStage> = {}): Required<AdamStage> {
  return { optimizer: 'adam', steps: 20, rate: 1e-3, parameterRate: 5, warmup: 5, physics: 1, project: false, ...overrides };
}

/** Lets a stage run, or stops it after `limit` replica-steps; counts them. */
export function controlOf(limit = Infinity): StageControl & { readonly done: number } {
  let done = 0;
  return {
    shouldStop: () => done >= limit,
    progress: (steps) => void (done += steps),
    get done() {
      return done;
    },
  };
}

/** Largest and root-mean-square difference, each relative to the reference's. */
export function distance(actual: Float64Array, reference: Float64Array): { max: number; l2: number } {
  let [worst, largest, difference, norm] = [0, 0, 0, 0];
  reference.forEach((value, i) => {
    const error = Math.abs(actual[i]! - value);
    worst = Math.max(worst, error);
    largest = Math.max(largest, Math.abs(value));
    difference += error ** 2;
    norm += value ** 2;
  });
  return { max: worst / largest, l2: Math.sqrt(difference / norm) };
}
