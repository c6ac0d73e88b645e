/**
 * Named schedules of training. The recipes are those of science.md: with integrated gates, Adam on V alone and then
 * Levenberg-Marquardt on everything while the physics weight rises; with network states, a joint Adam stage before a finer ramp.
 * `quick` takes a fraction of the steps and stops the ramp early: for demonstrations and tests, not for statements about a cell.
 */
import type { AdamStage, LevenbergMarquardtStage, Spec, Stage, States } from '../../schemas/generated/types.ts';
import { DEFAULT_ADAM, DEFAULT_LEVENBERG_MARQUARDT } from './defaults.ts';

export type ScheduleName = Extract<Spec['training'], string>;

/** Stages with every key present. */
export function schedule(name: ScheduleName, states: States): Stage[] {
  return SCHEDULES[name][states].map(filledStage);
}

export function isScheduleName(name: string): name is ScheduleName {
  return Object.hasOwn(SCHEDULES, name);
}

/** The stage with every default filled in, and the physics weight of Levenberg-Marquardt as a ramp. */
export function filledStage(stage: Stage): Required<AdamStage> | Required<LevenbergMarquardtStage> {
  if (stage.optimizer === 'adam') return { ...DEFAULT_ADAM, warmup: Math.min(DEFAULT_ADAM.warmup, stage.steps), ...stage };
  const { physics = DEFAULT_LEVENBERG_MARQUARDT.physics } = stage;
  return { ...DEFAULT_LEVENBERG_MARQUARDT, ...stage, physics: typeof physics === 'number' ? [physics] : physics };
}

const SCHEDULES: Readonly<Record<ScheduleName, Readonly<Record<States, readonly Stage[]>>>> = {
  standard: {
    integrated: [
      { optimizer: 'adam', steps: 300, physics: 0 },
      { optimizer: 'levenberg-marquardt', steps: 15, physics: [1, 10, 100, 1000] },
    ],
    network: [
      { optimizer: 'adam', steps: 2000, physics: 1 },
      { optimizer: 'levenberg-marquardt', steps: 20, physics: [1, 10, 100, 1000] },
    ],
  },
  quick: {
    integrated: [
      { optimizer: 'adam', steps: 150, physics: 0 },
      { optimizer: 'levenberg-marquardt', steps: 6, physics: [1, 10, 100] },
    ],
    network: [
      { optimizer: 'adam', steps: 600, physics: 1 },
      { optimizer: 'levenberg-marquardt', steps: 8, physics: [1, 10, 100] },
    ],
  },
};
