/**
 * A replica whose end is known, trained on a thread of the pool: does this machine still calculate rightly? Small (0.1 s on `native`, 0.4 s on
 * `tfjs`), but it goes the whole way: synthetic data, Adam in the engine's own precision, Levenberg-Marquardt in float64, forward simulation.
 *
 * Not a test of the engines (tests/contract): it tells a machine whose processor, driver or build is broken from a replica that fails
 * everywhere. Its expected losses are those of `reference`; tests/worker/pool/self-check holds every engine against them.
 */
import { contentId, sha256 } from '../../schemas/content-id.ts';
import type { Task } from '../../schemas/generated/types.ts';
import { loadModel } from '../models/library.ts';
import type { CohortEnd } from './cohort-end.ts';
import type { CohortRunner } from './pool.ts';
import type { CohortJob } from './trainer.ts';

/** `reference` on 2026-11-22: mean squares of the residuals when the last stage has ended. */
const EXPECTED = { data: 1.97318, current: 0.471644 };
/** Every engine is within 2e-6 of these. */
const TOLERANCE = 1e-3;
/** An engine that hangs is broken too. Opening tfjs on a busy core takes some seconds. */
const LIMIT_MS = 120_000;

/** What is wrong with this machine; undefined when nothing is. */
export async function selfCheck(runner: CohortRunner): Promise<string | undefined> {
  const job = selfCheckJob();
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    limit = setTimeout(() => resolve('late'), LIMIT_MS);
  });
  const end = await Promise.race([runner.run(job), late]);
  clearTimeout(limit);
  return end === 'late' ? `a replica of a moment did not end within ${LIMIT_MS / 1000} s` : faultOf(end);
}

export function faultOf(end: CohortEnd): string | undefined {
  if (end.kind !== 'trained') return `its thread ${end.kind === 'died' ? 'died' : 'threw'}: ${end.message}`;
  const [result] = end.results;
  const losses = result?.estimate?.losses;
  if (result === undefined || result === null || losses === undefined)
    return `it ended as ${JSON.stringify(result?.outcome ?? 'interrupted')}`;
  for (const [term, expected] of Object.entries(EXPECTED)) {
    const got = losses[term] ?? NaN;
    if (!(Math.abs(got - expected) <= TOLERANCE * expected)) return `its ${term} loss is ${got}, and should be ${expected}`;
  }
  return undefined;
}

export function selfCheckJob(): CohortJob {
  const { text } = loadModel('hodgkin-huxley', '.');
  const task: Task = { ...TASK, model: sha256(text) };
  return { tasks: [task], attempts: [1], objects: { [task.model]: text } };
}

const NAME = 'self-check';
const FIXED = { gL: 0.3, ENa: 50, EK: -77, EL: -54.387, C: 1 };
const TASK: Omit<Task, 'model'> = {
  sweep: contentId(NAME),
  index: 0,
  replica: contentId(NAME),
  shape: contentId(NAME).slice(0, 16),
  infer: [
    { name: 'gNa', start: 80 },
    { name: 'gK', start: 50 },
  ],
  fixed: FIXED,
  data: {
    id: contentId(NAME),
    entry: 0,
    label: NAME,
    draws: 1,
    samples: 61,
    sampleMs: 0.1,
    sigmaMv: 1,
    source: {
      kind: 'synthetic',
      parameters: { gNa: 120, gK: 36, ...FIXED },
      stimulus: { step: { amplitude: 10 } },
      initialMv: -65,
      noiseMv: 1,
      seed: 1,
      samples: 61,
      sampleMs: 0.1,
    },
  },
  draw: 0,
  configuration: {
    states: 'integrated',
    'network.architecture': 'mlp',
    'network.depth': 2,
    'network.width': 16,
    'network.features': 16,
    'network.frequencies': 'random',
    'network.bandwidthKhz': 0.5,
    'network.scale': 'fixed',
    'network.activation': 'tanh',
    'network.factorisation': 'none',
    'collocation.perSample': 1,
    'collocation.density': 'uniform',
    'loss.data': 1,
    'loss.current': 1,
    'loss.gates': 1,
    'loss.weighting': 'fixed',
    'loss.huberMv': 'off',
    'loss.noise': 'known',
    'initial.gates': 'model',
  },
  training: [
    { optimizer: 'adam', steps: 10, rate: 0.01, parameterRate: 1, warmup: 0, physics: 1, project: false },
    { optimizer: 'levenberg-marquardt', steps: 2, physics: 1, project: false },
  ],
  accept: { chi2: 'off', rmseMv: 'off', spikes: 'off' },
  seed: 1,
  tracePoints: 0,
};
