/**
 * Train the replicas of one shape together, from tasks to results: data, engine, stages, reconstruction, predictive check. Knows no queue
 * and no sweep. A replica that cannot be prepared or diverges ends as its own outcome and takes no other with it.
 *
 * A replica that brings a checkpoint goes on from there; those of one stage go on together. Its state is handed out every so often while
 * it trains, and when it is interrupted. The finish is not saved within: it takes seconds, and begins anew from the state before it, on the same
 * numbers.
 */
import { ERROR_CODES, EXIT, LoligoError } from '../../schemas/errors.ts';
import type { Estimate, Outcome, Result, Stage, Task, TraceObject } from '../../schemas/generated/types.ts';
import type { Cohort, Engine, LossTerms, Reconstruction, ReplicaState, Shape, StageControl, StageOutcome } from '../engines/engine.ts';
import { layoutOf } from '../engines/layout.ts';
import { estimatedNoiseMv } from '../engines/loss.ts';
import { priorsOf } from '../engines/prior.ts';
import type { Model } from '../models/model.ts';
import { tiedValues } from '../models/parameter-values.ts';
import { examine } from './after-training.ts';
import { assess } from './assess.ts';
import type { Candidate } from './assess.ts';
import { checkpointOf, standingOf, type Standing } from './checkpoint.ts';
import { deviceStages } from './device-stages.ts';
import { finish, inferredOf } from './finish.ts';
import type { Finished } from './finish.ts';
import { countedSamples } from './ignored.ts';
import { collocationOf, memberOf, settingsOf, shapeOf } from './member.ts';
import type { Observation } from './observation.ts';
import { observe } from './observe.ts';
import { rootMeanSquare } from './root-mean-square.ts';
import { ParameterHistory } from './stationarity.ts';
import { checkTask } from './task-limits.ts';
import { taskModel } from './task-model.ts';
import { cpuShare, threadSeconds } from './thread-time.ts';
import { traceReader } from './trace-reader.ts';
import { tracesOf } from './traces.ts';
import { truthScores } from './truth-scores.ts';

export interface TrainContext {
  readonly engine: Engine;
  /** Text of a stored object by content hash. */
  readonly objects: (hash: string) => string;
  readonly control: { shouldStop(): boolean; progress(steps: number): void };
  /** Name of this worker. */
  readonly worker: string;
  /** Deliveries of each task, this one included. */
  readonly attempts: readonly number[];
  /** Every replica begins at its beginning, and is lost with the thread, when absent. */
  readonly checkpoints?: Checkpoints;
  /** `device`: replicas are interrupted where the stages of Adam end that their schedule begins with. */
  readonly part?: 'device' | 'host' | undefined;
}

/** Tasks are named by their place. */
export interface Checkpoints {
  /** Where a try of the task was before. */
  at(place: number): Uint8Array | undefined;
  /** Time in training between two of a replica */
  readonly everyMs: number;
  /** Must be quick. */
  take(place: number, checkpoint: Uint8Array): void;
  /** The last one, of a replica that was interrupted. */
  leave(place: number, checkpoint: Uint8Array): void;
  /** The replica begins anew: why its checkpoint is of no use here. */
  refuse(place: number, why: string): void;
}

interface Trainee {
  readonly task: Task;
  readonly place: number;
  readonly observation: Observation;
  outcome: Outcome | 'training' | 'interrupted';
  /** Stages that are done, and the steps in them */
  stage: number;
  steps: number;
  terms: LossTerms | null;
  /** Where it goes on in its first stage; null where that begins. */
  from: ReplicaState | null;
  history: ParameterHistory;
  checkpointMs: number;
}

/** One result per task, in order; null for a replica that was interrupted. All tasks must have the same shape. */
export async function trainCohort(tasks: readonly Task[], context: TrainContext): Promise<(Result | null)[]> {
  const started = performance.now();
  const began = threadSeconds();
  const [first] = tasks;
  if (first === undefined) return [];
  const model = taskModel(first.model, context.objects);
  const shape = shapeOf(first, model);
  const prepared = tasks.map((task, place) => prepare(task, place, shape, context));
  const trainees = prepared.filter((entry) => 'observation' in entry);
  const estimates = new Map<Trainee, Estimate>();
  // who came farthest first: those who are stopped early, again and again, come to an end nevertheless
  for (const stage of new Set(trainees.map((trainee) => trainee.stage).toSorted((a, b) => b - a)))
    await train(
      trainees.filter((trainee) => trainee.stage === stage),
      shape,
      context,
      estimates,
    );
  const cost = { seconds: (performance.now() - started) / 1000 / tasks.length, ...cpuShare(began, tasks.length, context.engine.name) };
  return prepared.map((entry) => {
    const described = {
      sweep: entry.task.sweep,
      index: entry.task.index,
      replica: entry.task.replica,
      attempts: context.attempts[entry.place] ?? 1,
      worker: context.worker,
      engine: context.engine.name,
      arithmetic: context.engine.arithmetic,
      ...cost,
    };
    if (!('observation' in entry)) return { ...described, outcome: entry.outcome, steps: 0 };
    const finished = estimates.get(entry);
    if (entry.outcome === 'training' || entry.outcome === 'interrupted') return null;
    const estimate = finished === undefined ? {} : { estimate: withTied(finished, entry.task, model) };
    return { ...described, outcome: entry.outcome, steps: entry.steps, ...estimate };
  });
}

/** Parameters that follow from the estimated and the fixed ones, beside them. */
function withTied(estimate: Estimate, { fixed }: Task, model: Model): Estimate {
  return model.tied.length === 0 ? estimate : { ...estimate, tied: tiedValues(model, { ...fixed, ...estimate.parameters }) };
}

function prepare(
  task: Task,
  place: number,
  shape: Shape,
  context: TrainContext,
): Trainee | { task: Task; place: number; outcome: Outcome } {
  const refusal = context.engine.refuses(shape, settingsOf(task));
  if (refusal !== null) {
    const message = `the engine ${context.engine.name} does not train ${refusal}`;
    return { task, place, outcome: { kind: 'failed', error: { code: 'SPEC_UNSUPPORTED', message } } };
  }
  try {
    checkTask(task);
    const observation = observe({ data: task.data, draw: task.draw, model: shape.model, objects: { trace: traceReader(context.objects) } });
    return traineeOf(task, place, observation, standingAt(task, place, shape, context));
  } catch (error) {
    // a machine that lacks the object lacks it for every replica: that ends the worker, not the replica
    if (!(error instanceof LoligoError) || ERROR_CODES[error.code].exit === EXIT.infrastructure) throw error;
    return { task, place, outcome: { kind: 'failed', error: { code: error.code, message: error.message } } };
  }
}

/** Null: at the beginning. */
function standingAt(task: Task, place: number, shape: Shape, { engine, checkpoints }: TrainContext): Standing | null {
  const bytes = checkpoints?.at(place);
  if (bytes === undefined) return null;
  const standing = standingOf(bytes, task, engine, { theta: layoutOf(shape).size, parameters: shape.infer.length });
  if (typeof standing !== 'string') return standing;
  checkpoints?.refuse(place, standing);
  return null;
}

function traineeOf(task: Task, place: number, observation: Observation, standing: Standing | null): Trainee {
  const { stage, steps, terms, history } = standing ?? { stage: 0, steps: 0, terms: null, history: undefined };
  const watched = task.training[Math.min(stage, task.training.length - 1)];
  return {
    task,
    place,
    observation,
    outcome: 'training',
    stage,
    steps,
    terms,
    from: standing?.state ?? null,
    history: new ParameterHistory(watched?.steps ?? 1, task.infer.length, history),
    checkpointMs: performance.now(),
  };
}

/** Trainees that are at the same stage. */
async function train(trainees: readonly Trainee[], shape: Shape, context: TrainContext, estimates: Map<Trainee, Estimate>): Promise<void> {
  const members = trainees.map(({ task, observation }) => memberOf(task, shape, observation));
  const cohort = await context.engine.open(shape, members);
  try {
    for (const [r, { from }] of trainees.entries()) if (from !== null) await cohort.load(r, from);
    const [{ task, stage: first }] = trainees as readonly [Trainee]; // a group has somebody
    const end = context.part === 'device' ? deviceStages(task) : task.training.length;
    for (const [s, stage] of task.training.entries()) if (s >= first && s < end) await runStage(cohort, stage, s, trainees, context);
    if (context.part === 'device') for (const trainee of trainees) if (trainee.outcome === 'training') trainee.outcome = 'interrupted';
    await concludeAll(trainees, cohort, shape, context, estimates);
    for (const [r, trainee] of trainees.entries()) {
      const checkpoint = trainee.outcome === 'interrupted' ? checkpointNow(trainee, await cohort.save(r), context) : null;
      if (checkpoint !== null) context.checkpoints?.leave(trainee.place, checkpoint);
    }
  } finally {
    await cohort.close();
  }
}

/** Of those that were trained through. */
async function concludeAll(
  trainees: readonly Trainee[],
  cohort: Cohort,
  shape: Shape,
  context: TrainContext,
  estimates: Map<Trainee, Estimate>,
): Promise<void> {
  if (trainees.every(({ outcome }) => outcome !== 'training')) return;
  const reconstructions = await cohort.reconstruct();
  const trace = traceReader(context.objects);
  trainees.forEach((trainee, r) => {
    if (trainee.outcome !== 'training') return;
    const estimate = conclude(trainee, shape, reconstructions[r]!, { ...context.control, trace });
    if (estimate !== undefined) estimates.set(trainee, estimate);
  });
}

async function runStage(cohort: Cohort, stage: Stage, index: number, trainees: readonly Trainee[], context: TrainContext): Promise<void> {
  if (trainees.every(({ outcome }) => outcome !== 'training')) return;
  const before = trainees.map((trainee) => enter(trainee, stage));
  const control: StageControl = {
    ...context.control,
    trace: (replica, _step, values) => trainees[replica]!.history.record(values),
    checkpoint: (replica, save) => {
      const trainee = trainees[replica]!;
      const everyMs = context.checkpoints?.everyMs ?? Infinity;
      if (trainee.outcome !== 'training' || performance.now() - trainee.checkpointMs < everyMs) return;
      trainee.checkpointMs = performance.now();
      const checkpoint = checkpointNow(trainee, save(), context);
      if (checkpoint !== null) context.checkpoints?.take(trainee.place, checkpoint);
    },
  };
  const outcomes = await trainStage(cohort, stage, control);
  trainees.forEach((trainee, r) => takeOutcome(trainee, outcomes[r]!, index, before[r]!));
  // all are asked to stop at once; who was done with this stage must not enter the next, nor the others leave theirs
  if (!trainees.some(({ outcome }) => outcome === 'interrupted')) return;
  for (const trainee of trainees) if (trainee.outcome === 'training') trainee.outcome = 'interrupted';
}

/** Steps of the stage that were done in an earlier try. */
function enter(trainee: Trainee, stage: Stage): number {
  const step = trainee.from?.step ?? 0;
  trainee.from = null;
  if (step === 0) trainee.history = new ParameterHistory(stage.steps, trainee.task.infer.length);
  return step;
}

/** Null where there is nothing to go on from. */
function checkpointNow({ task, stage, steps, terms, history }: Trainee, state: ReplicaState, { engine }: TrainContext): Uint8Array | null {
  if (steps + state.step === 0) return null;
  return checkpointOf(task, engine, { stage, steps, terms, state, history: history.state() });
}

/** The schema leaves keys out for users; the expansion has filled them all in. */
function trainStage(cohort: Cohort, stage: Stage, control: StageControl): Promise<StageOutcome[]> {
  switch (stage.optimizer) {
    case 'adam':
      return cohort.adam(stage as Required<typeof stage>, control);
    case 'levenberg-marquardt':
      return cohort.levenbergMarquardt(stage as Required<typeof stage>, control);
    case 'lbfgs':
      return cohort.lbfgs(stage as Required<typeof stage>, control);
    default:
      return stage satisfies never;
  }
}

/** `before`: steps of the stage in earlier tries. */
function takeOutcome(trainee: Trainee, outcome: StageOutcome, stage: number, before: number): void {
  if (trainee.outcome !== 'training') return;
  switch (outcome.kind) {
    case 'diverged':
      trainee.outcome = { kind: 'diverged', stage, step: outcome.step, term: outcome.term };
      trainee.steps += outcome.step;
      return;
    case 'interrupted':
      trainee.outcome = 'interrupted';
      return;
    case 'done':
      trainee.stage = stage + 1;
      trainee.steps += before + outcome.steps;
      trainee.terms = outcome.terms;
      return;
    default:
      outcome satisfies never;
  }
}

type Concluding = TrainContext['control'] & { readonly trace: (hash: string) => TraceObject };

/** Reconstruction, finish, scores and verdict of a replica that was trained through; sets its outcome. Undefined when it was interrupted. */
function conclude(trainee: Trainee, shape: Shape, reconstruction: Reconstruction, context: Concluding): Estimate | undefined {
  const { task, observation } = trainee;
  const sampled = onSamples(reconstruction.states, collocationOf(task, observation).sampleAt);
  const rmseMv = rootMeanSquare(sampled['V']!, observation.voltageMv, countedSamples(observation));
  const inferred = layoutOf(shape).parameters;
  const stationarity = trainee.history.change(
    inferred,
    inferred.map(({ name }) => reconstruction.parameters[name]!),
  );
  const [initial, ...furtherInitial] = Array.from(observation.segments, (first) =>
    Object.fromEntries(Object.entries(sampled).map(([name, values]) => [name, values[first]!])),
  );
  const parameters = { ...task.fixed, ...reconstruction.parameters };
  const trained: Candidate = {
    model: shape.model,
    observation,
    parameters,
    initial: initial!,
    furtherInitial,
    accept: task.accept,
    stationarity,
  };
  const ended = endOf(trained, task, shape, context);
  if (ended === 'interrupted') {
    trainee.outcome = 'interrupted';
    return undefined;
  }
  const { candidate, assessment, iterations } = ended;
  trainee.outcome = assessment.verdict;
  trainee.steps += iterations;
  const traces = task.tracePoints === 0 ? {} : { traces: tracesOf(observation, sampled, assessment.simulatedV, task.tracePoints) };
  return {
    parameters: inferredOf(candidate.parameters, shape.infer),
    initial: { ...candidate.initial },
    ...(observation.segments.length === 1 ? {} : { furtherInitial: candidate.furtherInitial!.map((states) => ({ ...states })) }),
    losses: { ...trainee.terms! },
    ...(task.configuration['loss.noise'] === 'estimated' ? { noiseMv: estimatedNoiseMv(rmseMv ** 2) } : {}),
    stationarity: candidate.stationarity,
    ...ended.estimate,
    network: { rmseMv, ...truthScores(sampled, observation), ...ended.network },
    ...(assessment.predictive === undefined ? {} : { predictive: assessment.predictive }),
    ...examine(candidate, assessment, {
      infer: shape.infer,
      freeGates: freeGatesOf(shape),
      heldOut: task.data.heldOut ?? [],
      trace: context.trace,
    }),
    ...traces,
  };
}

/** What the estimate is in the end: the trained one, or that of the finish. */
function endOf(trained: Candidate, task: Task, shape: Shape, control: TrainContext['control']): Finished | 'interrupted' {
  if (task.finish === undefined) return { candidate: trained, assessment: assess(trained), iterations: 0, estimate: {}, network: {} };
  const noise = task.configuration['loss.noise'];
  return finish({ candidate: trained, infer: shape.infer, freeGates: freeGatesOf(shape), priors: priorsOf(task.infer), noise, control });
}

/** With `states: network` every gate is the network's own from the start: what is inferred then is as the model file says. */
function freeGatesOf(shape: Shape): readonly string[] {
  if (shape.states === 'integrated') return layoutOf(shape).freeGates;
  return shape.model.gates.filter(({ initial }) => initial === 'free').map(({ name }) => name);
}

function onSamples(states: Reconstruction['states'], sampleAt: Int32Array): Record<string, Float64Array> {
  const every = (values: Float64Array): Float64Array => Float64Array.from(sampleAt, (p) => values[p]!);
  return Object.fromEntries(Object.entries(states).map(([name, values]) => [name, every(values)]));
}
