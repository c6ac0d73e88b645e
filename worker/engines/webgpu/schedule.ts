/** An Adam stage as the kernel reads it, in float64 until the last rounding: cancellation in 1 - beta^t would cost digits. */
import type { AdamStage } from '../../../schemas/generated/types.ts';
import { BETA1, BETA2, physicsAt, rateAt } from '../reference/adam.ts';

/** Steps `first` .. `first + count - 1`, each: rate / (1 - beta1^t), 1 / (1 - beta2^t), weight of the physics, 0. */
export function adamSchedule(stage: Required<AdamStage>, first: number, count: number): Float32Array<ArrayBuffer> {
  const table = new Float32Array(4 * count);
  for (let k = 0; k < count; k++) {
    const step = first + k;
    table[4 * k] = rateAt(stage, step) / (1 - BETA1 ** (step + 1));
    table[4 * k + 1] = 1 / (1 - BETA2 ** (step + 1));
    table[4 * k + 2] = physicsAt(stage, step);
  }
  return table;
}
