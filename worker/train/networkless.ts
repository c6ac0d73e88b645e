/**
 * Estimate replicas by a method without a network, from tasks to results: data, method, predictive check, scores, traces. What train-cohort.ts
 * is for networks; no engine takes part, and the replicas of a cohort go one after the other.
 */
import type { Estimate, Networkless, Result, Task, TraceObject } from '../../schemas/generated/types.ts';
import { ERROR_CODES, EXIT, LoligoError } from '../../schemas/errors.ts';
import { hostArithmetic } from '../engines/host-arithmetic.ts';
import { gatesFreeAtStart } from '../engines/layout.ts';
import { priorsOf } from '../engines/prior.ts';
import type { Model } from '../models/model.ts';
import { tiedValues } from '../models/parameter-values.ts';
import { examine } from './after-training.ts';
import { assess, type Candidate } from './assess.ts';
import { countedSamples } from './ignored.ts';
import { differentialEvolution } from './methods/differential-evolution.ts';
import type { MethodEstimate, MethodOutcome, MethodRequest } from './methods/method.ts';
import { multiStart } from './methods/multi-start.ts';
import { regress } from './methods/regression.ts';
import type { Observation } from './observation.ts';
import { observe } from './observe.ts';
import { rootMeanSquare } from './root-mean-square.ts';
import { simulateSegments } from './segment-simulation.ts';
import type { ShootingControl } from './shooting.ts';
import { checkTask } from './task-limits.ts';
import { taskModel } from './task-model.ts';
import { cpuShare, threadSeconds } from './thread-time.ts';
import { traceReader } from './trace-reader.ts';
import { tracesOf } from './traces.ts';
import type { TrainContext } from './train-cohort.ts';
import { truthScores } from './truth-scores.ts';

/** One result per task, in order; null for a replica that was interrupted. Each task has a method. */
export function estimateCohort(tasks: readonly Task[], context: Omit<TrainContext, 'checkpoints' | 'engine'>): (Result | null)[] {
  const trace = traceReader(context.objects);
  return tasks.map((task, place) => {
    const started = performance.now();
    const began = threadSeconds();
    const end = guarded(task, { ...context, trace });
    if (end === null) return null;
    return {
      sweep: task.sweep,
      index: task.index,
      replica: task.replica,
      attempts: context.attempts[place] ?? 1,
      worker: context.worker,
      engine: 'none',
      arithmetic: hostArithmetic(),
      seconds: (performance.now() - started) / 1000,
      // no engine takes part: the method runs in this thread
      ...cpuShare(began, 1),
      ...end,
    };
  });
}

interface Context extends Pick<TrainContext, 'objects'> {
  readonly control: ShootingControl;
  readonly trace: (hash: string) => TraceObject;
}

type End = Pick<Result, 'outcome' | 'steps' | 'estimate'>;

function guarded(task: Task, context: Context): End | null {
  if (context.control.shouldStop()) return null;
  try {
    checkTask(task);
    const model = taskModel(task.model, context.objects);
    return estimated(task, model, observe({ data: task.data, draw: task.draw, model, objects: { trace: context.trace } }), context);
  } catch (error) {
    // as with networks: what this machine lacks ends the worker, not the replica
    if (!(error instanceof LoligoError) || ERROR_CODES[error.code].exit === EXIT.infrastructure) throw error;
    return { outcome: { kind: 'failed', error: { code: error.code, message: error.message } }, steps: 0 };
  }
}

/** Null when it was interrupted. */
function estimated(task: Task, model: Model, observation: Observation, context: Context): End | null {
  const { method } = task;
  if (method === undefined) throw new Error('internal: a replica of a network came to a method without one');
  const request: MethodRequest = {
    model,
    observation,
    infer: task.infer.map(({ name }) => name),
    starts: task.infer.map(({ start }) => start),
    fixed: task.fixed,
    priors: priorsOf(task.infer),
    freeGates: gatesFreeAtStart(model, task.configuration['initial.gates']),
    seed: task.seed,
    control: context.control,
  };
  const found = estimateBy(method, request);
  if (found.kind === 'interrupted') return null;
  if (found.kind === 'failed') return { outcome: { kind: 'stopped', reason: 'simulation-failed' }, steps: 0 };
  return concluded(task, found, request, context);
}

function estimateBy(method: Networkless, request: MethodRequest): MethodOutcome {
  switch (method.kind) {
    case 'regression':
      return regress(request);
    case 'shooting':
      return multiStart(request, method);
    case 'differential-evolution':
      return differentialEvolution(request, method);
    default:
      return method satisfies never;
  }
}

function concluded(task: Task, found: MethodEstimate, request: MethodRequest, { trace }: Context): End {
  const { model, observation, infer, freeGates } = request;
  const { initial, furtherInitial, stationarity, steps } = found;
  const parameters = { ...task.fixed, ...found.parameters };
  const candidate: Candidate = { model, observation, parameters, initial, furtherInitial, accept: task.accept, stationarity };
  const assessment = assess(candidate);
  const states = found.states ?? forwardStates(candidate);
  const rmseMv = states === undefined ? undefined : rootMeanSquare(states['V']!, observation.voltageMv, countedSamples(observation));
  if (states === undefined || rmseMv === undefined || !Number.isFinite(rmseMv)) return { outcome: assessment.verdict, steps };
  const known = Object.entries(found.standardErrors).filter(([, error]) => Number.isFinite(error));
  const estimate: Estimate = {
    parameters: { ...found.parameters },
    ...(model.tied.length === 0 ? {} : { tied: tiedValues(model, parameters) }),
    initial: { ...initial },
    ...(furtherInitial.length === 0 ? {} : { furtherInitial: furtherInitial.map((own) => ({ ...own })) }),
    losses: { data: (rmseMv / DATA_SCALE_MV) ** 2 },
    stationarity,
    ...(known.length === 0 ? {} : { standardErrors: Object.fromEntries(known) }),
    network: { rmseMv, ...truthScores(states, observation) },
    ...(assessment.predictive === undefined ? {} : { predictive: assessment.predictive }),
    ...examine(candidate, assessment, { infer, freeGates, heldOut: task.data.heldOut ?? [], trace }),
    ...(task.tracePoints === 0 ? {} : { traces: tracesOf(observation, states, assessment.simulatedV, task.tracePoints) }),
  };
  return { outcome: assessment.verdict, steps, estimate };
}

/** As in LossTerms.data. */
const DATA_SCALE_MV = 10;

function forwardStates(candidate: Candidate): Record<string, Float64Array> | undefined {
  const { model, observation, parameters } = candidate;
  const simulation = simulateSegments(model, parameters, candidate, observation);
  return simulation.kind === 'done' ? { ...simulation.states } : undefined;
}
