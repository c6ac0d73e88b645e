/** An Adam stage as the kernel reads it, in float64 until the last rounding: cancellation in 1 - beta^t would cost digits. */
import type { AdamStage } from '../../../schemas/generated/types.ts';
import { BETA1, BETA2, physicsAt, rateAt } from '../reference/adam.ts';

/** Per step: rate / (1 - beta1^t), 1 / (1 - beta2^t), weight of the physics, 0. */
export function adamSchedule(stage: Required<AdamStage>): Float32Array<ArrayBuffer> {
  const table = new Float32Array(4 * Math.max(1, stage.steps));
  for (let step = 0; step < stage.steps; step++) {
    table[4 * step] = rateAt(stage, step) / (1 - BETA1 ** (step + 1));
    table[4 * step + 1] = 1 / (1 - BETA2 ** (step + 1));
    table[4 * step + 2] = physicsAt(stage, step);
  }
  return table;
}
