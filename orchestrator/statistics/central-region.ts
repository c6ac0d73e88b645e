/**
 * Which curves of an ensemble are central, judged by their whole course: the basis of a simultaneous band, which holds a share of the curves at
 * all times at once, where a pointwise band holds that share at each time but may hold not one whole curve.
 *
 * A curve is as central as its largest deviation from the pointwise median is small, in units of what the pointwise 95 % band allows at that
 * time on that side: the directional quantile measure of Myllymaki, Grabarnik, Seijo and Stoyan, Spatial Statistics 11 (2015) 19, section 2.3,
 * a sup-t statistic (Montiel Olea and Plagborg-Moller, Journal of Applied Econometrics 34 (2019) 1) that takes the two sides apart. So a spike
 * that comes late once counts as far as it leaves the others, however short it is.
 */

/** At each time. */
export interface PointwiseBand {
  readonly low95: ArrayLike<number>;
  readonly median: ArrayLike<number>;
  readonly high95: ArrayLike<number>;
}

/** Where curves agree to less than this share of the largest half-width over time, they are taken to differ by that: by rounding, that is. */
const FLOOR = 1e-3;

/** Of curves that are finite everywhere, within their pointwise band: positions of the share of them that is most central, rounded up; ties stay together. */
export function centralCurves(curves: readonly ArrayLike<number>[], band: PointwiseBand, share: number): number[] {
  const kept = Math.ceil(share * curves.length - 1e-9);
  const all = [...curves.keys()];
  if (kept >= curves.length) return all;
  const [below, above] = halfWidths(band);
  const deviations = Float64Array.from(curves, (curve) => largestDeviation(curve, band.median, below, above));
  const limit = deviations.toSorted()[kept - 1]!;
  return all.filter((curve) => deviations[curve]! <= limit);
}

/** Of the lower and the upper half of the band, at each time. */
function halfWidths({ low95, median, high95 }: PointwiseBand): [below: Float64Array, above: Float64Array] {
  const below = Float64Array.from(median, (centre, i) => centre - low95[i]!);
  const above = Float64Array.from(median, (centre, i) => high95[i]! - centre);
  const largest = below.reduce((most, one, i) => Math.max(most, one, above[i]!), 0);
  const floor = largest > 0 ? FLOOR * largest : 1;
  const atLeast = (half: number): number => Math.max(half, floor);
  return [below.map(atLeast), above.map(atLeast)];
}

function largestDeviation(curve: ArrayLike<number>, centre: ArrayLike<number>, below: Float64Array, above: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < curve.length; i++) {
    const deviation = curve[i]! - centre[i]!;
    largest = Math.max(largest, deviation >= 0 ? deviation / above[i]! : -deviation / below[i]!);
  }
  return largest;
}
