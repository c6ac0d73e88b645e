/** What a sweep will be, before it runs: replicas by shape, cost, disk, and what the data cannot tell. */
import type { Task, YardstickSummary } from '../../schemas/generated/types.ts';
import type { Engine } from '../../worker/engines/engine.ts';
import { gatesFreeAtStart } from '../../worker/engines/layout.ts';
import { measureAdam, measureSecondOrder, secondOrderTestShape, speedTestShape } from '../../worker/engines/speed-test.ts';
import { identifiabilityWarnings, type IdentifiabilityWarning } from '../../worker/identifiability/warnings.ts';
import type { Model } from '../../worker/models/model.ts';
import {
  adamOperations,
  integrationsOf,
  iterationOperations,
  replicaBytes,
  replicaSeconds,
  shapeCost,
  type Rates,
  type ShapeCost,
} from '../../worker/train/cost.ts';
import { sparseFrequencies } from '../../worker/train/frequency-check.ts';
import { integrationSeconds } from '../../worker/train/integration-time.ts';
import { shapeOf } from '../../worker/train/member.ts';
import { yardstickOf } from '../aggregate/yardstick.ts';
import { plural } from '../report/number-format.ts';
import { seedCount } from '../spec/sweep-size.ts';
import { tracesOf, type LoadedSweep } from './load-sweep.ts';
import { describeData, plannedData, type PlannedData } from './planned-data.ts';

export interface Plan {
  readonly replicas: number;
  readonly configurations: number;
  readonly data: readonly PlannedData[];
  /** what chi2 is counted in */
  readonly yardstick: YardstickSummary;
  readonly shapes: readonly PlannedShape[];
  /** memoryBytes: of one thread's arithmetic, for the largest shape. */
  readonly estimate: { readonly coreSeconds: number; readonly memoryBytes: number; readonly diskBytes: number };
  readonly warnings: readonly PlanWarning[];
}

interface PlannedShape {
  readonly id: string;
  readonly replicas: number;
  readonly weights: number;
  readonly residuals: number;
}

type PlanWarning =
  IdentifiabilityWarning | { readonly code: 'FEW_FREQUENCIES' | 'NOTE'; readonly message: string; readonly parameters: readonly string[] };

/** Tasks that are looked at for shapes and cost; the rest is taken in proportion. */
const MOST_EXAMINED = 20_000;
/** Bytes of an outcome without traces, and of a stored number in a trace: 899 and 7.5 over the 48 outcomes of sweeps/recovery.yaml. */
const OUTCOME_BYTES = 900;
const TRACE_NUMBER_BYTES = 8;
/** What the data cannot tell is looked for so long: a second or two mostly. */
const IDENTIFIABILITY_MS = 8000;

export async function planSweep(sweep: LoadedSweep, engine: Engine): Promise<Plan> {
  const { expansion, resolved, model } = sweep;
  const seeds = seedCount(resolved);
  const perSeed = expansion.replicas / seeds;
  const stride = Math.max(1, Math.ceil(perSeed / MOST_EXAMINED));
  const rates = await measureRates(engine);
  const shapes = new Map<string, { replicas: number; task: Task }>();
  let seconds = 0;
  let integrations = 0;
  for (let index = 0; index < perSeed; index += stride) {
    const task = expansion.task(index);
    const counted = Math.min(stride, perSeed - index) * seeds;
    const known = shapes.get(task.shape);
    shapes.set(task.shape, { replicas: (known?.replicas ?? 0) + counted, task });
    if (task.method === undefined) seconds += counted * replicaSeconds(shapeOf(task, model), task.training, rates);
    integrations += counted * integrationsOf(task);
  }
  const warnings = warningsOf(sweep);
  if (integrations > 0) seconds += integrations * integrationSeconds(model, resolved.problem, resolved.problem.data[0], tracesOf(sweep));
  const states = resolved.problem.states.length + 2;
  const networks = [...shapes.values()].map(({ task }) => task).filter(({ method }) => method === undefined);
  const memoryBytes = Math.max(0, ...networks.map((task) => replicaBytes(shapeOf(task, model), task.training)));
  const traceBytes = Math.min(expansion.replicas, resolved.traces.replicas) * resolved.traces.points * states * TRACE_NUMBER_BYTES;
  return {
    replicas: expansion.replicas,
    configurations: expansion.configurations,
    data: resolved.problem.data.map(plannedData),
    yardstick: yardstickOf(resolved),
    shapes: [...shapes].map(([id, { replicas, task }]) => ({ id, replicas, ...plannedShape(task, model) })),
    estimate: { coreSeconds: seconds, memoryBytes, diskBytes: expansion.replicas * OUTCOME_BYTES + traceBytes + objectBytes(sweep) },
    warnings: [...warnings, ...frequencyWarnings(networks)],
  };
}

/** Of a method without a network: its unknowns, and the samples. */
function plannedShape(task: Task, model: Model): ShapeCost {
  if (task.method === undefined) return shapeCost(shapeOf(task, model));
  const free = gatesFreeAtStart(model, task.configuration['initial.gates']);
  const { segments = [0], samples } = task.data;
  return { weights: task.infer.length + segments.length * (1 + free.length), residuals: samples };
}

/** The model and the recorded stretches, fitted and held out. */
function objectBytes({ objects }: LoadedSweep): number {
  return [...objects.values()].reduce((sum, text) => sum + text.length, 0);
}

/** Each sentence once: shapes that differ in width alone share it. */
function frequencyWarnings(tasks: readonly Task[]): PlanWarning[] {
  const messages = new Set(tasks.map(sparseFrequencies).filter((message) => message !== null));
  return [...messages].map((message) => ({ code: 'FEW_FREQUENCIES' as const, message, parameters: [] }));
}

async function measureRates(engine: Engine): Promise<Rates> {
  return {
    adam: (await measureAdam(engine)) * adamOperations(speedTestShape()),
    secondOrder: (await measureSecondOrder(engine)) * iterationOperations(secondOrderTestShape()),
  };
}

function warningsOf(sweep: LoadedSweep): PlanWarning[] {
  const end = performance.now() + IDENTIFIABILITY_MS;
  const clock = { isOver: () => performance.now() > end };
  return [
    ...identifiabilityWarnings({ model: sweep.model, problem: sweep.resolved.problem, trace: tracesOf(sweep) }, clock),
    ...sweep.notes.map((message) => ({ code: 'NOTE' as const, message, parameters: [] })),
  ];
}

/** The plan for people. */
export function describePlan(name: string, plan: Plan): string {
  const { coreSeconds, memoryBytes, diskBytes } = plan.estimate;
  return [
    `${name}: ${plural(plan.replicas, 'replica')}, ${plural(plan.configurations, 'configuration')}, ${plural(plan.shapes.length, 'shape')}`,
    ...describeData(plan.data),
    `  chi2 is counted in ${describeYardstick(plan.yardstick)}`,
    ...plan.shapes
      .slice(0, 12)
      .map(({ id, replicas, weights, residuals }) => `  shape ${id}: ${replicas} replicas, ${weights} weights, ${residuals} residuals`),
    ...(plan.shapes.length > 12 ? [`  and ${plan.shapes.length - 12} more`] : []),
    `about ${describeSeconds(coreSeconds)} on one core, ${megabytes(memoryBytes)} of arithmetic in memory per thread, ${megabytes(diskBytes)} on disk`,
    ...plan.warnings.map(({ code, message }) => `warning: ${message} [${code}]`),
  ].join('\n');
}

function describeYardstick({ kind, mv }: YardstickSummary): string {
  return `${kind === 'noise' ? 'the noise' : "the spread of the cell's own spike shapes"}${mv === null ? '' : `, ${Number(mv.toPrecision(2))} mV`}`;
}

function megabytes(bytes: number): string {
  return `${Number((bytes / 1e6).toPrecision(2))} MB`;
}

function describeSeconds(seconds: number): string {
  if (seconds < 120) return `${seconds.toPrecision(2)} s`;
  return seconds < 7200 ? `${(seconds / 60).toPrecision(2)} min` : `${(seconds / 3600).toPrecision(3)} h`;
}
