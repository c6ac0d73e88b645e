/** An engine that does not work on this machine, or no longer: that ends a worker, and no replica. */
import { LoligoError } from '../../schemas/errors.ts';

const REMEDY = 'Ask "loligo doctor" which engines work here.';

export function engineUnavailable(
  name: string,
  rule: string,
  { cause, remedy = REMEDY }: { cause?: unknown; remedy?: string } = {},
): LoligoError {
  return new LoligoError([{ code: 'ENGINE_UNAVAILABLE', where: `--engine ${name}`, rule, remedy }], { cause });
}
