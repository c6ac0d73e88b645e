/**
 * An Adam stage in slices: the core takes as many steps a call as fit some tens of milliseconds, and between calls the control is asked, the
 * parameters are traced, and the event loop gets its turn. How a stage is sliced changes no bit of it.
 */
import { setImmediate } from 'node:timers/promises';
import type { AdamStage } from '../../../schemas/generated/types.ts';
import type { LossTerms, Member, StageControl, StageOutcome } from '../engine.ts';
import type { Layout } from '../layout.ts';
import { projectionWeight, projects } from '../reference/adam.ts';
import { brokenTerm } from '../loss.ts';
import { endAdam, momentsOf, multipliersOf, savedState, type ReplicaProgress } from '../replica-progress.ts';
import { unitMultipliers } from '../weighting.ts';
import type { KernelCohort } from './kernel.ts';
import { termsOf, type KernelObjective } from './kernel-objective.ts';

const SLICE_MS = 30;
/** The first slice of a stage, before a step has been timed; slices grow at most tenfold. */
const FIRST_SLICE = 4;

type Replica = ReplicaProgress & { readonly objective: KernelObjective; readonly weighting: Member['weighting'] };

/** Take up a stage that was saved in its middle (moments present), or begin it. */
export async function trainAdam(
  core: KernelCohort,
  replica: Replica,
  layout: Layout,
  stage: Required<AdamStage>,
  control: StageControl,
  index: number,
): Promise<StageOutcome> {
  const numbers = stageNumbers(stage);
  const projectAt = (): number | null => projectionWeight(stage, replica.step);
  const first = replica.step;
  push(core, replica, index);
  let slice = FIRST_SLICE;
  while (replica.step < stage.steps) {
    if (control.shouldStop()) return interrupted(replica, projectAt(), replica.step - first);
    control.checkpoint?.(index, () => savedState(replica));
    const steps = Math.min(slice, stage.steps - replica.step);
    const started = performance.now();
    const { taken, terms } = runSlice(core, replica, layout, numbers, steps, control, index);
    if (taken < steps) return { kind: 'diverged', step: replica.step, term: brokenTerm(terms) ?? 'data' };
    const perStepMs = (performance.now() - started) / steps;
    slice = Math.max(1, Math.min(10 * slice, Math.floor(SLICE_MS / perStepMs)));
    await setImmediate();
  }
  return endAdam(replica, stage, replica.objective.evaluate(replica.theta, projectAt()), replica.step - first);
}

function runSlice(
  core: KernelCohort,
  replica: Replica,
  layout: Layout,
  numbers: Float64Array,
  steps: number,
  control: StageControl,
  index: number,
): { taken: number; terms: LossTerms } {
  const count = layout.parameters.length;
  const terms = new Float64Array(3);
  const trace = control.trace === undefined || count === 0 ? null : new Float64Array(steps * count);
  const taken = core.adam(index, numbers, replica.step, steps, terms, trace);
  pull(core, replica, index);
  for (let i = 0; i < taken && control.trace !== undefined; i++)
    control.trace(index, replica.step + i + 1, trace?.subarray(i * count, (i + 1) * count) ?? new Float64Array());
  replica.step += taken;
  if (taken > 0) control.progress(taken);
  return { taken, terms: termsOf(terms) };
}

/** As the core's AdamStage: the physics weight from the first step to the last, and whether the linear parameters are solved for. */
function stageNumbers(stage: Required<AdamStage>): Float64Array {
  const [from, to] = typeof stage.physics === 'number' ? [stage.physics, stage.physics] : stage.physics;
  return Float64Array.of(stage.steps, stage.rate, stage.parameterRate, stage.warmup, from, to, Number(projects(stage)));
}

/** The terms are those of the state that is left, which is not moved: a projection belongs to the step that it is part of. */
function interrupted({ objective, theta }: Replica, project: number | null, steps: number): StageOutcome {
  return { kind: 'interrupted', steps, terms: objective.evaluate(theta.slice(), project) };
}

function push(core: KernelCohort, replica: Replica, index: number): void {
  const { first, second } = momentsOf(replica);
  core.setTheta(index, replica.theta);
  core.setMoments(index, first, second);
  core.setFactors(index, replica.weighting === 'fixed' ? unitMultipliers() : multipliersOf(replica));
}

function pull(core: KernelCohort, replica: Replica, index: number): void {
  const { first, second } = momentsOf(replica);
  core.getTheta(index, replica.theta);
  core.getMoments(index, first, second);
  if (replica.weighting !== 'fixed') core.getFactors(index, multipliersOf(replica));
}
