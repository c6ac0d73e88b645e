/** The interval of a share by inverting the score test: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927) 209. */
import { normalQuantile } from '../../schemas/normal-quantile.ts';

/** Of `successes` among `n` (at least 1) independent trials. */
export function wilsonInterval(successes: number, n: number, level = 0.95): [number, number] {
  const z2 = normalQuantile((1 + level) / 2) ** 2;
  const share = successes / n;
  const centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const half = Math.sqrt((z2 / n) * (share * (1 - share) + z2 / (4 * n))) / (1 + z2 / n);
  // at 0 and n the end is exact, but for rounding
  return [successes === 0 ? 0 : centre - half, successes === n ? 1 : centre + half];
}
