/** The median of standard errors of which some are without bound: those count as larger than any other, so that the rest do not speak for them. */
import { median } from '../../schemas/sample-quantile.ts';

/** Infinity: the data leave the parameter open; NaN: nobody asked. Null of nothing, and where half of them or more are open. */
export function medianError(errors: Float64Array): number | null {
  const asked = errors.filter((error) => !Number.isNaN(error));
  const open = asked.filter((error) => error === Infinity);
  return 2 * open.length >= asked.length ? null : median(asked.map((error) => Math.min(error, Number.MAX_VALUE)));
}
