/**
 * Named schedules of training. With integrated gates: Adam on V alone, then Levenberg-Marquardt on everything while the physics weight
 * rises. The ramp ends at x 100,000: at 50 ms, 1 mV, constant current (8 draws) gNa is then 0.08 % (RMS) from the maximum-likelihood
 * estimate, at x 10,000 0.28 %, at x 1,000 0.37 %. At the end a step along the soft direction of the conductances changes the loss by 1e-5
 * of it, so the last stage stops later; more steps at small weights only let the network bend between the samples after the noise.
 *
 * With network states Adam, once V is there, brings the gates to their equations, and the second order begins at x 10. Begun at x 0.1 from
 * gates that nothing has shaped, gates and V bend after the noise, and no later weight straightens them (25 ms, 1 mV, constant current:
 * 0 of 8 draws accepted; like this 8; with 2,000 steps of Adam and a start at x 1 it is 6, with 4,000 steps 0 of 4).
 *
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
      { optimizer: 'levenberg-marquardt', steps: 15, physics: [10, 100, 1000], project: false },
      { optimizer: 'levenberg-marquardt', steps: 30, physics: [10000, 100000], tolerance: 1e-5, project: false },
    ],
    network: [
      { optimizer: 'adam', steps: 300, physics: 0 },
      { optimizer: 'adam', steps: 1000, physics: [0.01, 1] },
      { optimizer: 'levenberg-marquardt', steps: 20, physics: [10, 100, 1000], project: false },
      { optimizer: 'levenberg-marquardt', steps: 40, physics: [10000, 100000], tolerance: 1e-5, project: false },
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
