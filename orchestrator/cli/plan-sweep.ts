/** What a sweep will be, before it runs: replicas by shape, cost, disk, and what the data cannot tell. */
import type { Task, TraceObject } from '../../schemas/generated/types.ts';
import { parseTrace } from '../../schemas/parse.ts';
import type { Engine } from '../../worker/engines/engine.ts';
import { measureSecondOrder, measureSpeed, secondOrderTestShape, speedTestShape } from '../../worker/engines/speed-test.ts';
import { adamOperations, iterationOperations, replicaBytes, replicaSeconds, shapeCost, type Rates } from '../../worker/train/cost.ts';
import { sparseFrequencies } from '../../worker/train/frequency-check.ts';
import { identifiabilityWarnings, type IdentifiabilityWarning } from '../../worker/train/identifiability.ts';
import { shapeOf } from '../../worker/train/member.ts';
import { plural } from '../report/number-format.ts';
import { seedCount } from '../spec/sweep-size.ts';
import type { LoadedSweep } from './load-sweep.ts';

export interface Plan {
  readonly replicas: number;
  readonly configurations: number;
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

interface PlanWarning {
  readonly code: IdentifiabilityWarning['code'] | 'FEW_FREQUENCIES' | 'NOTE';
  readonly message: string;
  readonly parameters: readonly string[];
}

/** Tasks that are looked at for shapes and cost; the rest is taken in proportion. */
const MOST_EXAMINED = 20_000;
/** Bytes of an outcome without traces, and of a stored number in a trace: 899 and 7.5 over the 48 outcomes of sweeps/recovery.yaml. */
const OUTCOME_BYTES = 900;
const TRACE_NUMBER_BYTES = 8;
/** Integrations with sensitivities that `finish: shooting` takes from a network's estimate: 4 to 6 iterations, each with a trial or two. */
const SHOOTING_INTEGRATIONS = 10;

export async function planSweep(sweep: LoadedSweep, engine: Engine): Promise<Plan> {
  const { expansion, resolved, model } = sweep;
  const seeds = seedCount(resolved);
  const perSeed = expansion.replicas / seeds;
  const stride = Math.max(1, Math.ceil(perSeed / MOST_EXAMINED));
  const rates = await measureRates(engine);
  const shapes = new Map<string, { replicas: number; task: Task }>();
  let seconds = 0;
  for (let index = 0; index < perSeed; index += stride) {
    const task = expansion.task(index);
    const counted = Math.min(stride, perSeed - index) * seeds;
    const known = shapes.get(task.shape);
    shapes.set(task.shape, { replicas: (known?.replicas ?? 0) + counted, task });
    seconds += counted * replicaSeconds(shapeOf(task, model), task.training, rates);
  }
  const warnings = warningsOf(sweep);
  if (resolved.finish !== undefined) seconds += expansion.replicas * SHOOTING_INTEGRATIONS * integrationSeconds(sweep);
  const states = resolved.problem.states.length + 2;
  const memoryBytes = Math.max(0, ...[...shapes.values()].map(({ task }) => replicaBytes(shapeOf(task, model), task.training)));
  const traceBytes = Math.min(expansion.replicas, resolved.traces.replicas) * resolved.traces.points * states * TRACE_NUMBER_BYTES;
  return {
    replicas: expansion.replicas,
    configurations: expansion.configurations,
    shapes: [...shapes].map(([id, { replicas, task }]) => ({ id, replicas, ...shapeCost(shapeOf(task, model)) })),
    estimate: { coreSeconds: seconds, memoryBytes, diskBytes: expansion.replicas * OUTCOME_BYTES + traceBytes },
    warnings: [...warnings, ...frequencyWarnings([...shapes.values()].map(({ task }) => task))],
  };
}

/** Each sentence once: shapes that differ in width alone share it. */
function frequencyWarnings(tasks: readonly Task[]): PlanWarning[] {
  const messages = new Set(tasks.map(sparseFrequencies).filter((message) => message !== null));
  return [...messages].map((message) => ({ code: 'FEW_FREQUENCIES' as const, message, parameters: [] }));
}

/** The identifiability of the first data unit is one integration with sensitivities: timed the second time, when it is compiled. */
function integrationSeconds(sweep: LoadedSweep): number {
  const started = performance.now();
  warningsOf(sweep);
  return (performance.now() - started) / 1000;
}

async function measureRates(engine: Engine): Promise<Rates> {
  return {
    adam: (await measureSpeed(engine)) * adamOperations(speedTestShape()),
    secondOrder: (await measureSecondOrder(engine)) * iterationOperations(secondOrderTestShape()),
  };
}

function warningsOf({ resolved, model, objects, notes }: LoadedSweep): PlanWarning[] {
  const trace = (hash: string): TraceObject => parseTrace(JSON.parse(objects.get(hash)!));
  const [unit] = resolved.problem.data;
  return [
    ...identifiabilityWarnings(model, resolved.problem, unit, trace),
    ...notes.map((message) => ({ code: 'NOTE' as const, message, parameters: [] })),
  ];
}

/** The plan for people. */
export function describePlan(name: string, plan: Plan): string {
  const { coreSeconds, memoryBytes, diskBytes } = plan.estimate;
  return [
    `${name}: ${plural(plan.replicas, 'replica')}, ${plural(plan.configurations, 'configuration')}, ${plural(plan.shapes.length, 'shape')}`,
    ...plan.shapes
      .slice(0, 12)
      .map(({ id, replicas, weights, residuals }) => `  shape ${id}: ${replicas} replicas, ${weights} weights, ${residuals} residuals`),
    ...(plan.shapes.length > 12 ? [`  and ${plan.shapes.length - 12} more`] : []),
    `about ${describeSeconds(coreSeconds)} on one core, ${megabytes(memoryBytes)} of arithmetic in memory per thread, ${megabytes(diskBytes)} on disk`,
    ...plan.warnings.map(({ code, message }) => `warning: ${message} [${code}]`),
  ].join('\n');
}

function megabytes(bytes: number): string {
  return `${Number((bytes / 1e6).toPrecision(2))} MB`;
}

function describeSeconds(seconds: number): string {
  if (seconds < 120) return `${seconds.toPrecision(2)} s`;
  return seconds < 7200 ? `${(seconds / 60).toPrecision(2)} min` : `${(seconds / 3600).toPrecision(3)} h`;
}
