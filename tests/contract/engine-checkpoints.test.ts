/**
 * Promise 4 of worker/engines/engine.ts, for every engine, kind of stage and arithmetic that carries something from step to step: a replica
 * that is stopped anywhere, saved, and loaded at another place of a cohort of others ends on the bits of one that was never disturbed.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AdamStage, LbfgsStage, LevenbergMarquardtStage } from '../../schemas/generated/types.ts';
import type { Cohort, Engine, Member, ReplicaState, Shape, StageControl, StageOutcome } from '../../worker/engines/engine.ts';
import { NAMED_ENGINES } from '../helpers/contract-engines.ts';
import { adamStage, memberOf, settingsOf, shapeOf, withCohort } from '../helpers/engine-cohorts.ts';
import { whims } from '../helpers/whims.mjs';

type FullStage = Required<AdamStage> | Required<LevenbergMarquardtStage> | Required<LbfgsStage>;

/** Stages short enough for a test and long enough to be stopped in the middle of a slice and of a ramp. */
const STAGES: Readonly<Record<string, FullStage>> = {
  adam: adamStage({ steps: 110 }),
  'adam that projects, with a ramp': adamStage({ steps: 110, physics: [0.1, 3], project: true }),
  'levenberg-marquardt': { optimizer: 'levenberg-marquardt', steps: 7, physics: [0.1, 1, 10], tolerance: 1e-3, project: false },
  'levenberg-marquardt that projects': { optimizer: 'levenberg-marquardt', steps: 9, physics: 2, tolerance: 0, project: true },
  lbfgs: { optimizer: 'lbfgs', steps: 12, physics: [0.1, 1, 10], history: 4, tolerance: 1e-5, project: false },
  'lbfgs that projects': { optimizer: 'lbfgs', steps: 25, physics: 1, history: 8, tolerance: 0, project: true },
};

/** What carries something from step to step beyond theta. */
const CASES: Readonly<Record<string, { shape: Shape; changes: Partial<Member> }>> = {
  'network, balanced by gradients': {
    shape: shapeOf('hodgkin-huxley', { width: 9, features: 5, samples: 17 }),
    changes: { weighting: 'gradient-norm' },
  },
  'integrated, a pool, estimated noise, Huber': {
    shape: shapeOf('wang-adapting', { width: 9, features: 5, samples: 17, states: 'integrated', initialGates: 'free' }),
    changes: { noise: 'estimated', huberMv: 20 },
  },
  'network, a pool, self-adaptive': {
    shape: shapeOf('wang-adapting', { width: 8, features: 4, samples: 17, infer: ['gNa', 'gAHP'] }),
    changes: { weighting: 'self-adaptive' },
  },
  'integrated, three segments, priors': {
    shape: shapeOf('pospischil-rs', {
      width: 8,
      features: 4,
      samples: 17,
      segments: 3,
      priors: 2,
      states: 'integrated',
      infer: ['gNa', 'VT'],
    }),
    changes: {},
  },
  'network, two segments, priors': {
    shape: shapeOf('hodgkin-huxley', { width: 9, features: 5, samples: 17, segments: 2, priors: 3, infer: ['gNa', 'gK', 'gL', 'EL'] }),
    changes: {},
  },
};

interface End {
  readonly outcome: StageOutcome;
  readonly theta: Float64Array;
  /** Values of the inferred parameters after each step, whoever took it. */
  readonly trace: readonly (readonly number[])[];
}

/** A whole number below the limit. */
type Below = (limit: number) => number;

const SEED = Number(process.env['LOLIGO_CHECKPOINT_SEED'] ?? Date.now() % 1_000_000);
console.info(`checkpoints of engines: LOLIGO_CHECKPOINT_SEED=${SEED}`);

describe.each(NAMED_ENGINES)('checkpoints on %s', (_name, create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  afterAll(() => engine.close());

  describe.each(Object.entries(CASES))('%s', (_case, { shape, changes }) => {
    test.each(Object.entries(STAGES))('%s', async (name, stage) => {
      const member: Member = { ...memberOf(shape, 1), ...changes };
      if (engine.refuses(shape, settingsOf(member, { training: [stage] })) !== null) return;
      const whim = whims(SEED);
      const below = (limit: number): number => Math.floor(whim() * limit);
      const end = await undisturbed(engine, shape, member, stage);
      const moved = await disturbed(engine, shape, member, stage, below);
      expect(moved.hops, `${name} was stopped`).toBeGreaterThan(0);
      expect(end.outcome.kind).toBe('done');
      expect(moved.end).toEqual(end);
      const taken = await fromCheckpoint(engine, shape, member, stage, below);
      expect(taken).toEqual({ ...end, trace: end.trace.slice(end.trace.length - taken.trace.length) });
    });
  });
});

async function undisturbed(engine: Engine, shape: Shape, member: Member, stage: FullStage): Promise<End> {
  return withCohort(engine, shape, [member], async (cohort) => {
    const watch = watcher(0);
    const [outcome] = await run(cohort, stage, watch);
    return endOf(outcome!, (await cohort.save(0)).theta, watch.values);
  });
}

/** After the first slice at once, for a later one may be as long as the rest of the stage; then twice more after a few steps. */
function limitOf(hops: number, stage: FullStage, below: Below): number {
  if (hops === 0) return 1;
  return hops < 3 ? 1 + below(stage.optimizer === 'adam' ? 40 : 6) : Infinity;
}

/** Stopped again and again, after a few steps, and each time loaded at another place in other company. */
async function disturbed(
  engine: Engine,
  shape: Shape,
  member: Member,
  stage: FullStage,
  below: Below,
): Promise<{ end: End; hops: number }> {
  const trace: (readonly number[])[] = [];
  let state: ReplicaState | undefined;
  for (let hops = 0; ; hops += 1) {
    const place = below(2);
    const members = [0, 1].map((r) => (r === place ? member : { ...memberOf(shape, 5 + hops + r), ...pick(member) }));
    const end = await withCohort(engine, shape, members, async (cohort) => {
      if (state !== undefined) await cohort.load(place, structuredClone(state));
      const watch = watcher(place, limitOf(hops, stage, below));
      const outcome = (await run(cohort, stage, watch))[place]!;
      trace.push(...watch.values);
      state = await cohort.save(place);
      return outcome.kind === 'interrupted' ? undefined : endOf(outcome, state.theta, trace);
    });
    if (end !== undefined) return { end, hops };
  }
}

/** From a state that was copied while the stage went on. */
async function fromCheckpoint(engine: Engine, shape: Shape, member: Member, stage: FullStage, below: Below): Promise<End> {
  const copies: ReplicaState[] = [];
  await withCohort(engine, shape, [member], (cohort) =>
    run(cohort, stage, { ...watcher(0), checkpoint: (_replica, save) => void copies.push(save()) }),
  );
  const state = copies[below(copies.length)]!;
  return withCohort(engine, shape, [member], async (cohort) => {
    await cohort.load(0, state);
    const watch = watcher(0);
    const [outcome] = await run(cohort, stage, watch);
    return endOf(outcome!, (await cohort.save(0)).theta, watch.values);
  });
}

/** Steps are counted by call, so that an interrupted stage has fewer: what must be equal is the rest. */
function endOf(outcome: StageOutcome, theta: Float64Array, trace: readonly (readonly number[])[]): End {
  return { outcome: outcome.kind === 'done' ? { ...outcome, steps: 0 } : outcome, theta, trace };
}

/** Stops the cohort once replica `place` has taken `limit` steps, and keeps its parameters after each. */
function watcher(place: number, limit = Infinity): StageControl & { readonly values: readonly (readonly number[])[] } {
  const values: (readonly number[])[] = [];
  return {
    values,
    shouldStop: () => values.length >= limit,
    progress: () => undefined,
    trace: (replica, _step, parameters) => {
      if (replica === place) values.push([...parameters]);
    },
  };
}

function pick({ weighting, noise, huberMv }: Member): Pick<Member, 'weighting' | 'noise' | 'huberMv'> {
  return { weighting, noise, huberMv };
}

function run(cohort: Cohort, stage: FullStage, control: StageControl): Promise<StageOutcome[]> {
  switch (stage.optimizer) {
    case 'adam':
      return cohort.adam(stage, control);
    case 'levenberg-marquardt':
      return cohort.levenbergMarquardt(stage, control);
    case 'lbfgs':
      return cohort.lbfgs(stage, control);
    default:
      return stage satisfies never;
  }
}
