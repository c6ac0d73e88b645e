/**
 * Named schedules of training. The recipes are those of science.md: with integrated gates, Adam on V alone and then
 * Levenberg-Marquardt on everything while the physics weight rises; with network states from a smaller weight on. The ramp
 * goes on to x 1000: what x 100 left in noiseless data (0.1 to 0.2 %) is gone there, and noisy data move by less than their bound.
 * `quick` takes a fraction of the steps and stops the ramp early: for demonstrations and tests, not for statements about a cell.
 */
import type { AdamStage, LevenbergMarquardtStage, Spec, Stage, States } from '../../schemas/generated/types.ts';
import { DEFAULT_ADAM, DEFAULT_LEVENBERG_MARQUARDT } from './defaults.ts';

export type ScheduleName = Extract<Spec['training'], string>;

/** Stages with every key present. */
export function schedule(name: ScheduleName, states: States): Stage[] {
  return SCHEDULES[name][states].map(filledStage);
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
      { optimizer: 'levenberg-marquardt', steps: 40, physics: [1] },
      { optimizer: 'levenberg-marquardt', steps: 15, physics: [10, 100, 1000], project: false },
    ],
    network: [
      { optimizer: 'adam', steps: 300, physics: 0 },
      { optimizer: 'levenberg-marquardt', steps: 40, physics: [0.1, 1] },
      { optimizer: 'levenberg-marquardt', steps: 20, physics: [10, 100, 1000], project: false },
    ],
  },
  quick: {
    integrated: [
      { optimizer: 'adam', steps: 150, physics: 0 },
      { optimizer: 'levenberg-marquardt', steps: 6, physics: [1, 10, 100] },
    ],
    network: [
      { optimizer: 'adam', steps: 150, physics: 0 },
      { optimizer: 'levenberg-marquardt', steps: 8, physics: [0.1, 1, 10, 100] },
    ],
  },
};
