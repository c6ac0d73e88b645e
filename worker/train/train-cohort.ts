/**
 * Train the replicas of one shape together, from tasks to results: data, engine, stages, reconstruction, predictive check. Knows no queue
 * and no sweep. A replica that cannot be prepared or diverges ends as its own outcome and takes no other with it.
 */
import { ERROR_CODES, EXIT, LoligoError } from '../../schemas/errors.ts';
import type { Estimate, Outcome, Result, Stage, Task, TraceObject } from '../../schemas/generated/types.ts';
import { parseTrace } from '../../schemas/parse.ts';
import type { Cohort, Engine, LossTerms, Reconstruction, Shape, StageControl, StageOutcome } from '../engines/engine.ts';
import { layoutOf } from '../engines/layout.ts';
import { estimatedNoiseMv } from '../engines/loss.ts';
import { compileModel } from '../models/compile.ts';
import { assess } from './assess.ts';
import type { Candidate } from './assess.ts';
import { finish, inferredOf } from './finish.ts';
import type { Finished } from './finish.ts';
import { collocationOf, memberOf, settingsOf, shapeOf } from './member.ts';
import type { Observation } from './observation.ts';
import { observe } from './observe.ts';
import { rootMeanSquare } from './root-mean-square.ts';
import { ParameterHistory } from './stationarity.ts';
import { tracesOf } from './traces.ts';

export interface TrainContext {
  readonly engine: Engine;
  /** Text of a stored object by content hash. */
  readonly objects: (hash: string) => string;
  readonly control: { shouldStop(): boolean; progress(steps: number): void };
  /** Name of this worker. */
  readonly worker: string;
  /** Deliveries of each task, this one included. */
  readonly attempts: readonly number[];
}

interface Trainee {
  readonly task: Task;
  readonly place: number;
  readonly observation: Observation;
  outcome: Outcome | 'training' | 'interrupted';
  steps: number;
  terms: LossTerms | null;
  history: ParameterHistory;
}

/** One result per task, in order; null for a replica that was interrupted. All tasks must have the same shape. */
export async function trainCohort(tasks: readonly Task[], context: TrainContext): Promise<(Result | null)[]> {
  const started = performance.now();
  const [first] = tasks;
  if (first === undefined) return [];
  const model = compileModel(context.objects(first.model), `model ${first.model.slice(0, 12)}`);
  const shape = shapeOf(first, model);
  const prepared = tasks.map((task, place) => prepare(task, place, shape, context));
  const trainees = prepared.filter((entry) => 'observation' in entry);
  const estimates = await train(trainees, shape, context);
  const seconds = (performance.now() - started) / 1000 / tasks.length;
  return prepared.map((entry) => {
    const described = {
      sweep: entry.task.sweep,
      index: entry.task.index,
      replica: entry.task.replica,
      attempts: context.attempts[entry.place] ?? 1,
      worker: context.worker,
      engine: context.engine.name,
      seconds,
    };
    if (!('observation' in entry)) return { ...described, outcome: entry.outcome, steps: 0 };
    const finished = estimates.get(entry);
    if (entry.outcome === 'training' || entry.outcome === 'interrupted') return null;
    return { ...described, outcome: entry.outcome, steps: entry.steps, ...(finished === undefined ? {} : { estimate: finished }) };
  });
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
    const trace = (hash: string): TraceObject => parseTrace(JSON.parse(context.objects(hash)));
    const observation = observe({ data: task.data, draw: task.draw, model: shape.model, objects: { trace } });
    return { task, place, observation, outcome: 'training', steps: 0, terms: null, history: new ParameterHistory(1) };
  } catch (error) {
    // a machine that lacks the object lacks it for every replica: that ends the worker, not the replica
    if (!(error instanceof LoligoError) || ERROR_CODES[error.code].exit === EXIT.infrastructure) throw error;
    return { task, place, outcome: { kind: 'failed', error: { code: error.code, message: error.message } } };
  }
}

async function train(trainees: readonly Trainee[], shape: Shape, context: TrainContext): Promise<Map<Trainee, Estimate>> {
  const estimates = new Map<Trainee, Estimate>();
  if (trainees.length === 0) return estimates;
  const members = trainees.map(({ task, observation }) => memberOf(task, shape, observation));
  const cohort = await context.engine.open(shape, members);
  try {
    const stages = trainees[0]!.task.training;
    for (const [s, stage] of stages.entries()) await runStage(cohort, stage, s, trainees, context);
    const reconstructions = await cohort.reconstruct();
    trainees.forEach((trainee, r) => {
      if (trainee.outcome !== 'training') return;
      const estimate = conclude(trainee, shape, reconstructions[r]!, context.control);
      if (estimate !== undefined) estimates.set(trainee, estimate);
    });
    return estimates;
  } finally {
    await cohort.close();
  }
}

async function runStage(cohort: Cohort, stage: Stage, index: number, trainees: readonly Trainee[], context: TrainContext): Promise<void> {
  if (trainees.every(({ outcome }) => outcome !== 'training')) return;
  for (const trainee of trainees) trainee.history = new ParameterHistory(stage.steps);
  const control: StageControl = { ...context.control, trace: (replica, _step, values) => trainees[replica]!.history.record(values) };
  const outcomes = await trainStage(cohort, stage, control);
  trainees.forEach((trainee, r) => takeOutcome(trainee, outcomes[r]!, index));
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

function takeOutcome(trainee: Trainee, outcome: StageOutcome, stage: number): void {
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
      trainee.steps += outcome.steps;
      trainee.terms = outcome.terms;
      return;
    default:
      outcome satisfies never;
  }
}

/** Reconstruction, finish, scores and verdict of a replica that was trained through; sets its outcome. Undefined when it was interrupted. */
function conclude(trainee: Trainee, shape: Shape, reconstruction: Reconstruction, control: TrainContext['control']): Estimate | undefined {
  const { task, observation } = trainee;
  const sampled = onSamples(reconstruction.states, collocationOf(task, observation).sampleAt);
  const rmseMv = rootMeanSquare(sampled['V']!, observation.voltageMv);
  const inferred = layoutOf(shape).parameters;
  const stationarity = trainee.history.change(
    inferred,
    inferred.map(({ name }) => reconstruction.parameters[name]!),
  );
  const initial = Object.fromEntries(Object.entries(sampled).map(([name, values]) => [name, values[0]!]));
  const parameters = { ...task.fixed, ...reconstruction.parameters };
  const trained: Candidate = { model: shape.model, observation, parameters, initial, accept: task.accept, stationarity };
  const ended = endOf(trained, task, shape, control);
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
    losses: { ...trainee.terms! },
    ...(task.configuration['loss.noise'] === 'estimated' ? { noiseMv: estimatedNoiseMv(rmseMv ** 2) } : {}),
    stationarity: candidate.stationarity,
    ...ended.estimate,
    network: { rmseMv, ...truthScores(sampled, observation), ...ended.network },
    ...(assessment.predictive === undefined ? {} : { predictive: assessment.predictive }),
    ...traces,
  };
}

/** What the estimate is in the end: the trained one, or that of the finish. */
function endOf(trained: Candidate, task: Task, shape: Shape, control: TrainContext['control']): Finished | 'interrupted' {
  if (task.finish === undefined) return { candidate: trained, assessment: assess(trained), iterations: 0, estimate: {}, network: {} };
  return finish({ candidate: trained, infer: shape.infer, freeGates: freeGatesOf(shape), control });
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

function truthScores(sampled: Record<string, Float64Array>, { truth }: Observation): { rmseToTruth?: Record<string, number> } {
  if (truth === undefined) return {};
  return {
    rmseToTruth: Object.fromEntries(Object.entries(sampled).map(([name, values]) => [name, rootMeanSquare(values, truth.states[name]!)])),
  };
}
