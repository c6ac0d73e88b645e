/** Specs whose replicas train in a fraction of a second, and the results of a run of them, for tests of the whole program. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOutcomes } from '../../orchestrator/results/outcome-reader.ts';
import type { Result } from '../../schemas/generated/types.ts';

export interface QuickOptions {
  readonly name?: string;
  readonly draws?: number;
  readonly replicas?: number;
  readonly adamSteps?: number;
  readonly rate?: number;
  readonly seed?: number;
  readonly tolerate?: { readonly failed?: number; readonly diverged?: number };
  readonly accept?: Readonly<Record<string, unknown>>;
}

export function quickSpec(options: QuickOptions = {}) {
  const { name = 'quick', draws = 2, replicas = 2, adamSteps = 10, rate, seed = 1, tolerate = { diverged: 1 }, accept } = options;
  return {
    name,
    seed,
    problem: {
      model: 'hodgkin-huxley',
      infer: ['gNa', 'gK', 'gL'],
      // no spike: parameters without one, where the data have some, are never accepted
      data: [{ synthetic: { stimulus: { step: { amplitude: 2 } }, durationMs: 6, sampleMs: 0.1, noiseMv: 1, draws } }],
    },
    space: { 'network.width': 8, 'network.features': 8, replicas },
    training: [
      { optimizer: 'adam', steps: adamSteps, physics: 0, ...(rate === undefined ? {} : { rate }) },
      // the last stage moves nothing, so that the parameters are seen to rest
      ...(rate === undefined
        ? [
            { optimizer: 'levenberg-marquardt', steps: 2, physics: 1 },
            { optimizer: 'adam', steps: 10, rate: 1e-12, physics: 1 },
          ]
        : []),
    ],
    // nothing trains to an end in so few steps, and a report with estimates is wanted
    accept: accept ?? { chi2: 'off', rmseMv: 'off', spikes: 'off' },
    tolerate,
  };
}

/** Two replicas that are fitted to two traces jointly, scored on a third, with C at two values. */
export function jointSpec(options: QuickOptions = {}) {
  const spec = quickSpec({ name: 'joint', draws: 1, replicas: 1, ...options });
  const [{ synthetic }] = spec.problem.data as [(typeof spec.problem.data)[number]];
  const { stimulus, ...trace } = synthetic;
  const step = (amplitude: number) => ({ step: { amplitude } });
  const data = [{ synthetic: { ...trace, stimuli: [stimulus, step(1.5)], jointly: true, holdOut: { stimuli: [step(1)] } } }];
  return { ...spec, problem: { ...spec.problem, data }, space: { ...spec.space, 'fixed.C': { choice: [1, 1.1] } } };
}

/** Writes the spec (JSON is YAML) and returns its path. */
export function writeSpec(folder: string, spec: object, name = 'spec.yaml'): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(spec));
  return path;
}

export async function outcomesOf(run: string): Promise<Result[]> {
  const results: Result[] = [];
  for await (const result of readOutcomes(run)) results.push(result);
  return results.toSorted((a, b) => a.index - b.index);
}

/** What depends on the replica and the engine alone. */
export async function resultsOf(run: string): Promise<object[]> {
  return (await outcomesOf(run)).map(({ index, replica, outcome, steps, engine, estimate }) => ({
    index,
    replica,
    outcome,
    steps,
    engine,
    estimate,
  }));
}

/** Whole lines of the outcome log, in its order. */
export function outcomeLines(run: string): string[] {
  const folder = join(run, 'outcomes');
  return readdirSync(folder)
    .toSorted()
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1));
}
