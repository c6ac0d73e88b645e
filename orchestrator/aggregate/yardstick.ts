/** What a sweep counts chi2 in: chosen in the spec, the same for all its data, of a size that depends on them. */
import { STANDARD_ACCEPT, yardstickMv } from '../../schemas/acceptance.ts';
import type { ResolvedSweep, YardstickSummary } from '../../schemas/generated/types.ts';
import { median } from '../../schemas/sample-quantile.ts';

/** Median over data units. */
export function yardstickOf({ accept, problem }: Pick<ResolvedSweep, 'accept' | 'problem'>): YardstickSummary {
  const kind = accept.yardstick ?? STANDARD_ACCEPT.yardstick;
  return { kind, mv: median(problem.data.map((unit) => yardstickMv(kind, unit) ?? NaN)) };
}
