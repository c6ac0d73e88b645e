/**
 * A replica that is stopped anywhere in its schedule and goes on from its checkpoint, in another cohort, has the result of one that never
 * stopped; one whose checkpoint is of no use begins anew and has it too.
 */
import { describe, expect, test } from 'vitest';
import { readCheckpoint, writeCheckpoint } from '../../../schemas/checkpoint-text.ts';
import { sha256 } from '../../../schemas/content-id.ts';
import type { Checkpoint, Result, Task } from '../../../schemas/generated/types.ts';
import { packageRoot } from '../../../schemas/package-root.ts';
import type { Engine } from '../../../worker/engines/engine.ts';
import { createReferenceEngine } from '../../../worker/engines/reference/reference-engine.ts';
import { createTfjsEngine } from '../../../worker/engines/tfjs/tfjs-engine.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { syntheticUnit } from '../../../worker/train/observe.ts';
import { trainCohort } from '../../../worker/train/train-cohort.ts';
import { taskFixture } from '../../helpers/replica-fixture.ts';
import { whims } from '../../helpers/whims.mjs';

const SEED = Number(process.env['LOLIGO_CHECKPOINT_SEED'] ?? Date.now() % 1_000_000);
console.info(`checkpoints of replicas: LOLIGO_CHECKPOINT_SEED=${SEED}`);
const whim = whims(SEED);

const { model, text } = loadModel('hodgkin-huxley', packageRoot());
const SCHEDULE: Task['training'] = [
  { optimizer: 'adam', steps: 12, rate: 1e-3, parameterRate: 5, warmup: 0, physics: 0, project: false },
  { optimizer: 'levenberg-marquardt', steps: 4, physics: [1, 10], tolerance: 0, project: true },
  { optimizer: 'lbfgs', steps: 5, physics: [1, 3], history: 3, tolerance: 0, project: false },
  { optimizer: 'adam', steps: 230, rate: 1e-3, parameterRate: 5, warmup: 5, physics: [0.1, 1], project: true },
];
const STEPS = 12 + 2 * 4 + 2 * 5 + 230;

function taskOf(index: number, changes: Partial<Task> = {}): Task {
  const task = taskFixture(index);
  const configuration = { ...task.configuration, 'network.width': 6, 'network.features': 3, 'network.bandwidthKhz': 0.2 };
  const fixed = Object.fromEntries(model.parameters.filter(({ name }) => name !== 'gNa').map(({ name, value }) => [name, value]));
  const entry = { stimulus: { step: { amplitude: 10 } }, durationMs: 2, sampleMs: 0.1, noiseMv: 1 };
  const outcome = syntheticUnit(entry, 0, model, 1);
  if (outcome.kind !== 'unit') throw new Error('the entry is wrong');
  return { ...task, model: sha256(text), fixed, data: outcome.unit, configuration, training: SCHEDULE, tracePoints: 5, ...changes };
}

interface Run {
  readonly results: readonly (Result | null)[];
  /** The last one of each place. */
  readonly checkpoints: ReadonlyMap<number, Uint8Array>;
  readonly refused: readonly string[];
}

/** Stopped after `limit` replica-steps. */
async function train(
  tasks: readonly Task[],
  { at = [], limit = Infinity, everyMs = Infinity, engine = createReferenceEngine() }: Partial<RunOptions> = {},
): Promise<Run> {
  let done = 0;
  const checkpoints = new Map<number, Uint8Array>();
  const refused: string[] = [];
  const results = await trainCohort(tasks, {
    engine,
    objects: () => text,
    control: { shouldStop: () => done >= limit, progress: (steps) => void (done += steps) },
    worker: 'test/1',
    attempts: tasks.map(() => 1),
    checkpoints: {
      at: (place) => at[place],
      everyMs,
      take: (place, checkpoint) => void checkpoints.set(place, checkpoint),
      leave: (place, checkpoint) => void checkpoints.set(place, checkpoint),
      refuse: (_place, why) => void refused.push(why),
    },
  });
  return { results, checkpoints, refused };
}

interface RunOptions {
  at: readonly (Uint8Array | undefined)[];
  limit: number;
  everyMs: number;
  engine: Engine;
}

/** What does not depend on the clock. */
function numbersOf(result: Result | null | undefined): unknown {
  return { outcome: result?.outcome, steps: result?.steps, estimate: result?.estimate };
}

/** Stopped again and again, each time with other neighbours and at another place, until there is a result. */
async function moved(task: Task, strides: () => number, engine?: Engine): Promise<{ result: Result; stops: number }> {
  let checkpoint: Uint8Array | undefined;
  for (let stops = 0; ; stops += 1) {
    const neighbour = { ...taskOf(20 + stops), ...(task.finish === undefined ? {} : { finish: task.finish }) };
    const place = stops % 2;
    const tasks = place === 0 ? [task, neighbour] : [neighbour, task];
    const at = place === 0 ? [checkpoint, undefined] : [undefined, checkpoint];
    const { results, checkpoints, refused } = await train(tasks, { at, limit: strides(), ...(engine === undefined ? {} : { engine }) });
    expect(refused).toEqual([]);
    const result = results[place];
    if (result !== null && result !== undefined) return { result, stops };
    checkpoint = checkpoints.get(place) ?? checkpoint;
  }
}

describe('a replica that goes on from its checkpoint has the result of one that never stopped', () => {
  test.each(['reference', 'tfjs'])('stopped anywhere, in other company each time, on %s', async (name) => {
    const engine = name === 'tfjs' ? await createTfjsEngine() : createReferenceEngine();
    const task = taskOf(0);
    const { results } = await train([task], { engine });
    expect(results[0]?.steps).toBe(STEPS);
    const { result, stops } = await moved(task, () => 10 + Math.floor(whim() * 120), engine);
    expect(stops).toBeGreaterThan(1);
    expect(numbersOf(result)).toEqual(numbersOf(results[0]));
  });

  test('stopped in the finish, which begins anew', async () => {
    const task = taskOf(0, { finish: 'shooting' });
    const { results } = await train([task]);
    const [whole] = results;
    expect(whole!.steps).toBeGreaterThan(STEPS);
    const stopped = await train([task], { limit: STEPS + 1 });
    expect(stopped.results).toEqual([null]);
    const checkpoint = stopped.checkpoints.get(0)!;
    expect(readCheckpoint(checkpoint)).toMatchObject({ stage: 4, steps: STEPS, step: 0 });
    const { results: after } = await train([task], { at: [checkpoint] });
    expect(numbersOf(after[0])).toEqual(numbersOf(whole));
  });

  test('taken by time while it trained on', async () => {
    const task = taskOf(0);
    const { results, checkpoints } = await train([task], { everyMs: 0 });
    const checkpoint = checkpoints.get(0)!;
    expect(readCheckpoint(checkpoint)).toMatchObject({ stage: 3, step: 229 });
    const { results: after } = await train([task], { at: [checkpoint] });
    expect(numbersOf(after[0])).toEqual(numbersOf(results[0]));
  });

  test('beside one at another stage and one that begins', async () => {
    const tasks = [0, 1, 2].map((index) => taskOf(index));
    const { results } = await train(tasks);
    const first = await train([tasks[0]!], { limit: 5 });
    const second = await train([tasks[1]!], { limit: 25 });
    const at = [first.checkpoints.get(0), second.checkpoints.get(0), undefined];
    const { results: after } = await train(tasks, { at });
    expect(after.map(numbersOf)).toEqual(results.map(numbersOf));
  });
});

test('a replica that had no time yet hands out nothing, nor one that diverged', async () => {
  expect((await train([taskOf(0)], { limit: 0 })).checkpoints.size).toBe(0);
  const broken = createReferenceEngine();
  const open: Engine['open'] = (shape, members) =>
    broken.open(
      shape,
      members.map((member) => ({ ...member, theta: member.theta.map(() => Number.NaN) })),
    );
  const { results, checkpoints } = await train([taskOf(0)], { everyMs: 0, engine: { ...broken, open } });
  expect([results[0]?.outcome.kind, checkpoints.size]).toEqual(['diverged', 0]);
});

describe('a checkpoint of no use is refused with the reason, and the replica begins anew', () => {
  const task = taskOf(0);
  const parts = Promise.all([train([task]), train([task], { limit: 100 })]);
  const changed = (change: (checkpoint: Checkpoint) => Partial<Checkpoint>) => (bytes: Uint8Array) => {
    const checkpoint = readCheckpoint(bytes);
    return writeCheckpoint({ ...checkpoint, ...change(checkpoint) });
  };
  const damages: Record<string, readonly [(bytes: Uint8Array) => Uint8Array, RegExp]> = {
    truncated: [(bytes) => bytes.subarray(0, bytes.length - 1), /must match its hash/],
    'cut to nothing': [() => new Uint8Array(), /must match its hash/],
    'with a bit turned': [(bytes) => bytes.with(500, bytes[500]! ^ 1), /must match its hash/],
    'with bytes that are no text': [(bytes) => bytes.with(500, 0xff), /must match its hash/],
    'of another replica': [changed(() => ({ replica: 'f'.repeat(64) })), /another replica: ffff/],
    'of another engine': [changed(() => ({ engine: 'native' })), /another engine: native/],
    'of another kind of processor': [changed(() => ({ arithmetic: 'arm64, V8 11.3' })), /another arithmetic: arm64/],
    'of another version': [changed(() => ({ numbers: '99.9' })), /another numbers: 99.9/],
    'of another format': [changed(() => ({ format: 2 as 1 })), /format/],
    'with theta too short': [changed(({ theta }) => ({ theta: theta.slice(0, 32) })), /does not fit the task/],
    'with half a number': [changed(({ theta }) => ({ theta: theta.slice(0, 8) })), /whole numbers of 8 bytes/],
    'beyond the last stage': [changed(() => ({ stage: 5, terms: { data: 1, current: 1, gates: 0 } })), /does not fit the task/],
    'at a step that its stage has not': [changed(() => ({ step: 231 })), /does not fit the task/],
    'in a ramp within Adam': [changed(() => ({ ramp: { weight: 0, iteration: 0, damping: 1, pairs: '' } })), /does not fit the task/],
  };

  test.each(Object.entries(damages))('%s', async (_, [damage, reason]) => {
    const [whole, stopped] = await parts;
    const { results, refused } = await train([task], { at: [damage(stopped.checkpoints.get(0)!)] });
    expect(refused).toEqual([expect.stringMatching(reason)]);
    expect(numbersOf(results[0])).toEqual(numbersOf(whole.results[0]));
  });
});
