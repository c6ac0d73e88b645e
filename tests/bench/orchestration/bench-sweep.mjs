/**
 * The sweep that the orchestration benchmark runs, through the real spec and expansion, and what stands in for its training: a runner that
 * answers at once, or after so many milliseconds, with a result as large as a trained replica's without traces.
 */
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export const built = (path) => import(new URL(`../../../dist/${path}`, import.meta.url).href);

/** Replicas of one seed: draws by widths. There is a shape for each width. */
const DRAWS = 5;
const WIDTHS = [24, 32];

/** A spec file of so many replicas (a multiple of ten). */
export function writeSpec(folder, replicas) {
  const file = join(folder, 'bench.yaml');
  const spec = {
    name: 'bench-orchestration',
    problem: {
      model: 'hodgkin-huxley',
      infer: ['gNa', 'gK', 'gL'],
      data: [
        {
          synthetic: {
            parameters: { gNa: 120, gK: 36, gL: 0.3 },
            stimulus: { step: { amplitude: 10 } },
            durationMs: 50,
            noiseMv: 1,
            draws: DRAWS,
          },
        },
      ],
    },
    space: { states: 'network', 'network.width': { choice: WIDTHS }, replicas: replicas / (DRAWS * WIDTHS.length) },
  };
  writeFileSync(file, JSON.stringify(spec));
  return file;
}

/** Replicas of one shape that a worker takes at a time: 8 on a core is what a cohort has. */
export const PLACES = 8;

/** A CohortRunner that trains nothing. */
export function noOpRunner({ threads, cohortMs = 0 }) {
  const worker = `${hostname()}:${process.pid}`;
  const steps = 0;
  return {
    threads,
    engine: 'native',
    worker,
    run: async ({ tasks, attempts }) => {
      if (cohortMs > 0) await delay(cohortMs);
      return { kind: 'trained', results: tasks.map((task, place) => resultOf(task, attempts[place], worker)) };
    },
    stop: () => undefined,
    steps: () => steps,
  };
}

/** As a worker would hand it in. */
export function resultOf({ sweep, index, replica }, attempts, worker) {
  return {
    sweep,
    index,
    replica,
    outcome: { kind: 'converged' },
    attempts,
    worker,
    engine: 'native',
    seconds: 1 + index / 13,
    steps: 1200,
    estimate: {
      parameters: { gNa: 120 + index / 7, gK: 36 + index / 11, gL: 0.3 + index / 1e9 },
      initial: { V: -65 + index / 1e7, m: 0.0529, h: 0.5961, n: 0.3177 },
      losses: { data: index / 1e9, current: index / 1.1e9, gates: 0 },
      stationarity: 0.0012345678,
      network: { rmseMv: 1.0123456789, rmseToTruth: { V: 0.123456789, m: 0.00123456, h: 0.00234567, n: 0.00345678 } },
      predictive: { rmseMv: 1.123456789, chi2: 1.0123456789, spikes: { observed: 3, simulated: 3 }, coincidence: 1 },
    },
  };
}

/** CPU since `before` (process.cpuUsage()), and the most memory this process ever had. */
export function usageSince(before) {
  const { user, system } = process.cpuUsage(before);
  return { cpuMs: (user + system) / 1000, peakMb: process.resourceUsage().maxRSS / 1e3 };
}

/** As a child of the benchmark: runs `work(options)`, sends what it resolves to, and ends. */
export function answerParent(work) {
  process.once('message', async (options) => {
    try {
      process.send({ figures: await work(options) });
    } catch (error) {
      process.send({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
    process.disconnect();
  });
  process.send('ready');
}
