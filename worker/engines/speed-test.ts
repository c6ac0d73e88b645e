/** A short, fixed piece of training to time an engine by: Hodgkin-Huxley, 251 points, 24 frequencies, 2 x 32, every residual, with projection. */
import { packageRoot } from '../../schemas/package-root.ts';
import { loadModel } from '../models/library.ts';
import { parameterValues } from '../models/parameter-values.ts';
import type { Engine, Member, Shape } from './engine.ts';
import { initialFrequencies, initialTheta } from './initial.ts';

const REPLICAS = 4;
const SAMPLES = 251;
/** Timed for about so long. */
const DURATION_MS = 400;

/** What `measureSpeed` trains. */
export function speedTestShape(): Shape {
  const { model } = loadModel('hodgkin-huxley', packageRoot());
  return {
    model,
    infer: ['gNa', 'gK', 'gL'],
    states: 'network',
    depth: 2,
    width: 32,
    features: 24,
    activation: 'tanh',
    samples: SAMPLES,
    perSample: 1,
  };
}

/** Adam steps a second, all replicas together. */
export async function measureSpeed(engine: Engine): Promise<number> {
  const shape = speedTestShape();
  const cohort = await engine.open(
    shape,
    Array.from({ length: REPLICAS }, (_, r) => createMember(shape, r)),
  );
  try {
    await train(5);
    const start = performance.now();
    const steps = await train(Number.MAX_SAFE_INTEGER, start + DURATION_MS);
    return (1000 * steps) / (performance.now() - start);
  } finally {
    await cohort.close();
  }

  async function train(steps: number, until = Infinity): Promise<number> {
    let done = 0;
    const control = { shouldStop: () => performance.now() > until, progress: (count: number) => void (done += count) };
    await cohort.adam({ optimizer: 'adam', steps, rate: 1e-3, parameterRate: 1, warmup: 1, physics: 1, project: true }, control);
    return done;
  }
}

/** A sine of the size of a membrane voltage: what is learned does not matter here. */
function createMember(shape: Shape, seed: number): Member {
  const voltageMv = Float64Array.from({ length: SAMPLES }, (_, i) => -50 + 20 * Math.sin(i / 10));
  const values = parameterValues(shape.model);
  const fixed = Object.fromEntries(Object.entries(values).filter(([name]) => !shape.infer.includes(name)));
  return {
    sampleMs: 0.1,
    voltageMv,
    sampleWeight: new Float64Array(SAMPLES).fill(1),
    current: new Float64Array(SAMPLES).fill(10),
    frequencies: initialFrequencies(seed, shape.features, 0.4),
    fixed,
    weights: { data: 1, current: 1, gates: 1 },
    theta: initialTheta(shape, seed, values, fixed, voltageMv[0]!),
  };
}
