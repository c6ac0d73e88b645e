/**
 * A robust correlation of pairs: Kendall's tau (b, which accounts for ties), and from it sin(pi tau / 2), which is Pearson's correlation wherever
 * the pairs are elliptically distributed, the normal law among them (Lindskog, McNeil and Schmock 2003). A few outliers move it
 * little: its influence function is bounded (Croux and Dehon, Statistical Methods and Applications 19 (2010) 497).
 */
import { evenSample } from './even-sample.ts';

/** More pairs are thinned evenly: each is compared with each. */
const MOST_PAIRS = 2000;
const FEWEST_PAIRS = 3;

export interface RobustCorrelation {
  readonly tau: number;
  readonly correlation: number;
}

/** Of finite numbers; null below 3 pairs or where one side does not vary. */
export function robustCorrelation(x: ArrayLike<number>, y: ArrayLike<number>): RobustCorrelation | null {
  const chosen = evenSample(x.length, MOST_PAIRS);
  const n = chosen.length;
  if (n < FEWEST_PAIRS) return null;
  const [a, b] = [Float64Array.from(chosen, (i) => x[i]!), Float64Array.from(chosen, (i) => y[i]!)];
  let [agreement, xPairs, yPairs] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const dx = Math.sign(a[j]! - a[i]!);
      const dy = Math.sign(b[j]! - b[i]!);
      agreement += dx * dy;
      xPairs += dx * dx;
      yPairs += dy * dy;
    }
  }
  if (xPairs === 0 || yPairs === 0) return null;
  const tau = agreement / Math.sqrt(xPairs * yPairs);
  return { tau, correlation: Math.sin((Math.PI / 2) * tau) };
}
