/** Tasks, results and locks that are valid and mean nothing, for tests of what carries them. */
import { DEFAULT_CONFIGURATION } from '../../orchestrator/spec/defaults.ts';
import { sha256 } from '../../schemas/content-id.ts';
import type { Lock, Outcome, Result, Task } from '../../schemas/generated/types.ts';

const SWEEP = sha256('sweep');
export const MODEL_TEXT = 'the text of a model';

const SOURCE = {
  kind: 'synthetic',
  parameters: { gNa: 120 },
  stimulus: { step: { amplitude: 10 } },
  initialMv: -65,
  noiseMv: 1,
  seed: 1,
  samples: 501,
  sampleMs: 0.1,
} as const;

const DATA = { id: sha256('data'), entry: 0, label: 'step "10"', draws: 4, samples: 501, sampleMs: 0.1, sigmaMv: 1, source: SOURCE };

const STAGE = { optimizer: 'adam', steps: 10, rate: 0.01, parameterRate: 1, warmup: 0, physics: 1, project: false } as const;

/** Shapes are one of 16 letters, so that tests can name them. */
export function taskFixture(index: number, shape = 'a'): Task {
  return {
    sweep: SWEEP,
    index,
    replica: sha256(`replica ${index}`),
    shape: shape.repeat(16),
    model: sha256(MODEL_TEXT),
    infer: [{ name: 'gNa', start: 100 + index }],
    fixed: { gK: 36 },
    data: DATA,
    draw: index % 4,
    configuration: { ...DEFAULT_CONFIGURATION, 'network.width': 24, 'network.bandwidthKhz': 1 },
    training: [STAGE],
    accept: { chi2: 'auto', rmseMv: 'off', spikes: 'equal' },
    seed: 1000 + index,
    tracePoints: 0,
  };
}

export function resultFixture(index: number, changes: Partial<Result> & { outcome?: Outcome } = {}): Result {
  const { sweep, replica } = taskFixture(index);
  return {
    sweep,
    index,
    replica,
    outcome: { kind: 'converged' },
    attempts: 1,
    worker: 'test',
    engine: 'reference',
    arithmetic: 'wide',
    seconds: 0.5,
    steps: 10,
    ...changes,
  };
}

/** A result with all that a trained replica reports, `points` of traces included. */
export function estimatedFixture(index: number, points = 0): Result {
  const values = Array.from({ length: points }, (_, k) => k + index / 7);
  return resultFixture(index, {
    estimate: {
      parameters: { gNa: 120 + index },
      initial: { V: -65, m: 0.05 },
      losses: { data: 0.1, current: 0.2 },
      stationarity: 0.001,
      network: { rmseMv: 1.5, rmseToTruth: { V: 1, m: 0.01 } },
      predictive: { rmseMv: 2, chi2: 1.1, spikes: { observed: 3, simulated: 3 }, coincidence: null },
      ...(points === 0 ? {} : { traces: { tMs: values, states: { V: values, m: values }, simulatedV: values } }),
    },
  });
}

export function lockFixture(sweep = SWEEP): Lock {
  const { data } = taskFixture(0);
  return {
    sweep,
    resolved: {
      name: 'fixture',
      seed: 1,
      problem: {
        model: { name: 'hodgkin-huxley', object: sha256(MODEL_TEXT) },
        currentUnit: 'uA/cm2',
        states: ['V', 'm'],
        infer: [{ name: 'gNa', unit: 'mS/cm2', positive: true, range: [1, 1000], start: { logUniform: [12, 1200] } }],
        fixed: { gK: 36 },
        data: [data],
      },
      space: { replicas: 8 },
      sampler: 'grid',
      training: { integrated: [STAGE], network: [STAGE] },
      accept: { chi2: 'auto', rmseMv: 'off', spikes: 'equal' },
      tolerate: { failed: 0, diverged: 0.1 },
      traces: { points: 251, replicas: 100 },
    },
    engine: 'reference',
    versions: { loligo: '0.1.0' },
    startedAt: '2026-01-01T00:00:00.000Z',
  };
}
