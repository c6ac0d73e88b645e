/**
 * Named schedules of training. With integrated gates: Adam on V alone, then Levenberg-Marquardt on everything while the physics weight
 * rises; with network states the same from a smaller weight and in more steps. The ramp ends at x 10,000: a network that fits 50 ms at
 * 1 mV noise leaves its own forward simulation by 1.5 to 5 mV at x 100, by up to 1.2 mV at x 1,000, and meets it within the noise there
 * (6 draws), while the parameters move by less than their bound.
 * `quick` takes a fraction of the steps and stops the ramp early: for trying things out, not for statements about a cell.
 */
import type { AdamStage, LbfgsStage, LevenbergMarquardtStage, Spec, Stage, States } from '../../schemas/generated/types.ts';
import { DEFAULT_ADAM, DEFAULT_LBFGS, DEFAULT_LEVENBERG_MARQUARDT } from './defaults.ts';

export type ScheduleName = Extract<Spec['training'], string>;

/** Stages with every key present. */
export function schedule(name: ScheduleName, states: States): Stage[] {
  return SCHEDULES[name][states].map(filledStage);
}

/** The stage with every default filled in, and the physics weight of a second-order stage as a ramp. */
export function filledStage(stage: Stage): Required<AdamStage> | Required<LevenbergMarquardtStage> | Required<LbfgsStage> {
  switch (stage.optimizer) {
    case 'adam':
      return { ...DEFAULT_ADAM, warmup: Math.min(DEFAULT_ADAM.warmup, stage.steps), ...stage };
    case 'levenberg-marquardt':
      return { ...DEFAULT_LEVENBERG_MARQUARDT, ...stage, physics: rampOf(stage.physics ?? DEFAULT_LEVENBERG_MARQUARDT.physics) };
    case 'lbfgs':
      return { ...DEFAULT_LBFGS, ...stage, physics: rampOf(stage.physics ?? DEFAULT_LBFGS.physics) };
    default:
      return stage satisfies never;
  }
}

function rampOf(physics: number | [number, ...number[]]): [number, ...number[]] {
  return typeof physics === 'number' ? [physics] : physics;
}

const SCHEDULES: Readonly<Record<ScheduleName, Readonly<Record<States, readonly Stage[]>>>> = {
  standard: {
    integrated: [
      { optimizer: 'adam', steps: 300, physics: 0 },
      { optimizer: 'levenberg-marquardt', steps: 40, physics: [1] },
      { optimizer: 'levenberg-marquardt', steps: 15, physics: [10, 100, 1000, 10000], project: false },
    ],
    network: [
      { optimizer: 'adam', steps: 300, physics: 0 },
      { optimizer: 'levenberg-marquardt', steps: 40, physics: [0.1, 1] },
      { optimizer: 'levenberg-marquardt', steps: 20, physics: [10, 100, 1000, 10000], project: false },
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
