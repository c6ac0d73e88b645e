/**
 * One go of an Adam stage on the device over replicas that fit it: loaded from the host, run in slices, read back. Until it is read back the
 * host's numbers are those of the last look at them, so that a device that is lost loses nothing but time.
 */
import type { AdamStage } from '../../../schemas/generated/types.ts';
import type { LossTerm, LossTerms, Member, StageControl } from '../engine.ts';
import { thetaToParameter, type Layout } from '../layout.ts';
import { savedState, type ReplicaProgress } from '../replica-progress.ts';
import type { Group, Report } from './group.ts';
import { sliceSteps } from './slice.ts';

/** A replica of a cohort on its way through a stage. */
export interface Passenger extends ReplicaProgress {
  readonly member: Member;
  /** Place in the cohort. */
  readonly index: number;
  /** Step up to which progress and parameters were told: what is done again after a loss is not told again. */
  told: number;
}

/** How a replica stands after a flight. */
export interface Landing {
  readonly broken: LossTerm | null;
  readonly terms: LossTerms;
}

export interface Course {
  readonly stage: Required<AdamStage>;
  /** Whether the stage solves for the linear parameters of this shape. */
  readonly project: boolean;
  /** Between two looks at the device's numbers. */
  readonly lookMs: number;
}

/** Moves the passengers. */
export async function fly(
  group: Group,
  passengers: readonly Passenger[],
  layout: Layout,
  { stage, project, lookMs }: Course,
  control: StageControl,
): Promise<Landing[]> {
  group.begin(passengers);
  const traced = control.trace !== undefined && layout.parameters.length > 0;
  const steps = passengers.map(({ step }) => step);
  const before = steps.slice();
  const broken: (LossTerm | null)[] = passengers.map(() => null);
  const remaining = (): number => steps.reduce((most, step, r) => (broken[r] === null ? Math.max(most, stage.steps - step) : most), 0);
  const take = (reports: readonly Report[]): void => {
    let moved = 0;
    reports.forEach((report, r) => {
      const passenger = passengers[r]!;
      if (traced) trace(report, steps[r]!, passenger, layout, control);
      moved += Math.max(0, report.step - Math.max(steps[r]!, passenger.told));
      passenger.told = Math.max(passenger.told, report.step);
      steps[r] = report.step;
      broken[r] = report.broken;
    });
    if (moved > 0) control.progress(moved);
  };
  const settings = { physics: 0, total: stage.steps, parameterRate: stage.parameterRate, project };
  const offer = (): void => {
    passengers.forEach((passenger, r) => {
      if (broken[r] === null) control.checkpoint?.(passenger.index, () => savedState(passenger));
    });
  };
  offer();
  let looked = performance.now();
  let ahead = 0;
  await sliceSteps(
    remaining,
    () => control.shouldStop(),
    async (count) => {
      ahead += count;
      // wherever the replicas that go on may be by then
      const { first, last } = spread(steps, (r) => broken[r] === null && steps[r]! < stage.steps);
      group.setSchedule(stage, first, Math.min(stage.steps, last + ahead) - first);
      group.submit({ ...settings, mode: 'train', steps: count, traced });
      return { count, reports: await group.reports(traced ? count : 0) };
    },
    async ({ count, reports }) => {
      ahead -= count;
      take(reports);
      if (performance.now() - looked < lookMs) return;
      await readBack(group, passengers, true);
      offer();
      looked = performance.now();
    },
  );
  // linear parameters are solved for once more, under the last step's physics
  if (project) group.setSchedule(stage, stage.steps - 1, 1);
  group.submit({ ...settings, mode: 'evaluate', physics: 1, steps: 1, traced: false });
  const ends = await group.reports(0);
  const moved = steps.some((step, r) => step !== before[r]);
  const done = steps.every((step, r) => broken[r] === null && step >= stage.steps);
  const solved = project && steps.some((step) => step >= stage.steps);
  if (moved || solved) await readBack(group, passengers, !done);
  return ends.map(({ terms }, r) => ({ broken: broken[r]!, terms }));
}

/** What the device has after the runs submitted so far. */
async function readBack(group: Group, passengers: readonly Passenger[], withMoments: boolean): Promise<void> {
  const states = await group.states(withMoments);
  states.forEach(({ step, theta, moments }, r) => {
    passengers[r]!.theta.set(theta);
    passengers[r]!.moments = moments;
    passengers[r]!.step = step;
  });
}

function trace({ step, trace: values }: Report, from: number, passenger: Passenger, { parameters }: Layout, control: StageControl): void {
  for (let k = Math.max(0, passenger.told - from); k < step - from; k++) {
    // a million of these a second: Float64Array.from with a function takes ten times as long
    const told = new Float64Array(parameters.length);
    for (let p = 0; p < parameters.length; p++) told[p] = thetaToParameter(parameters[p]!, values[k * parameters.length + p]!);
    control.trace?.(passenger.index, from + k + 1, told);
  }
}

/** Lowest and highest step of the replicas that go on; there is one. */
function spread(steps: readonly number[], goesOn: (r: number) => boolean): { first: number; last: number } {
  let [first, last] = [Infinity, 0];
  steps.forEach((step, r) => {
    if (!goesOn(r)) return;
    first = Math.min(first, step);
    last = Math.max(last, step);
  });
  return { first, last };
}
