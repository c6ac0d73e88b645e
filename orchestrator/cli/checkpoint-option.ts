/** `--checkpoint SECONDS` of `run` and `worker`. */
import { LoligoError } from '../../schemas/errors.ts';
import { CHECKPOINT_MS } from '../../worker/pool/pool.ts';

export const checkpointOption = {
  type: 'number',
  requiresArg: true,
  default: CHECKPOINT_MS / 1000,
  describe: 'seconds of training after which the state of a replica is saved, to go on from after a death',
} as const;

/** Throws USAGE. */
export function checkpointMsOf(seconds: number): number {
  if (seconds > 0) return 1000 * seconds;
  throw new LoligoError([
    { code: 'USAGE', where: '--checkpoint', rule: 'must be a number of seconds greater than 0', got: String(seconds) },
  ]);
}
