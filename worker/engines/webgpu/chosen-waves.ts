/**
 * A few of the sines, and of the cosines, that give all others on a short stretch of time. On |t| <= reach the sines of F frequencies span, to
 * less than float32 can tell, far fewer directions than F, and so do the cosines: about w reach / pi + 5 for frequencies up to w (Landau and Pollak
 * 1962). So some of them as they are, with weights that hardly exceed 1, give each of the others and its time derivative (an interpolative
 * decomposition: Cheng, Gimbutas, Martinsson and Rokhlin 2005). Elimination with complete pivoting, on samples of the stretch, chooses them.
 * Nothing is assumed of the frequencies.
 *
 * The fused core takes directions of their own instead, as many, by a pivoted QR (core/local_basis.hpp).
 */

/** Of t: cosines are even, sines odd. */
export const EVEN = 0;
const ODD = 1;

/** cos(omega t) or sin(omega t). */
export interface Wave {
  readonly parity: typeof EVEN | typeof ODD;
  /** per ms */
  readonly omega: number;
  /** Its weight in the wave of each frequency and the same parity. */
  readonly weights: Float64Array;
}

/** The rounding unit of float32: by how much a wave, or its derivative in units of the frequencies' RMS, may be missed. */
const TOLERANCE = 2 ** -24;

/** Of cosines and of sines. */
export function chosenWaves(omega: Float64Array, reachMs: number): [Wave[], Wave[]] {
  return [chosenOf(EVEN, omega, reachMs), chosenOf(ODD, omega, reachMs)];
}

/** Value and time derivative of a wave, to two places of an array. */
export function putWave(
  { parity, omega }: Pick<Wave, 'parity' | 'omega'>,
  timeMs: number,
  to: Float32Array | Float64Array,
  at: number,
): void {
  const [sin, cos] = [Math.sin(omega * timeMs), Math.cos(omega * timeMs)];
  to[at] = parity === EVEN ? cos : sin;
  to[at + 1] = omega * (parity === EVEN ? -sin : cos);
}

function chosenOf(parity: Wave['parity'], omega: Float64Array, reachMs: number): Wave[] {
  const left = sampled(parity, omega, reachMs);
  const rows = left.length / omega.length;
  const chosen: Wave[] = [];
  for (let at = placeOfLargest(left); Math.abs(left[at]!) > TOLERANCE; at = placeOfLargest(left)) {
    const [k, row] = [Math.floor(at / rows), at % rows];
    const own = left.slice(k * rows, (k + 1) * rows);
    const weights = omega.map((_, other) => left[other * rows + row]! / own[row]!);
    // to the last bit nothing is left of the wave itself
    for (let other = 0; other < omega.length; other++) subtract(left, other * rows, weights[other]!, own);
    for (const earlier of chosen) subtract(earlier.weights, 0, earlier.weights[k]!, weights);
    chosen.push({ parity, omega: omega[k]!, weights });
  }
  return chosen;
}

/** Waves at times that lie denser towards the stretch's end, where waves differ most: [frequencies][value, derivative, value, derivative, ...] */
function sampled(parity: Wave['parity'], omega: Float64Array, reachMs: number): Float64Array {
  const scale = 1 / Math.max(Number.MIN_VALUE, Math.hypot(...omega) / Math.sqrt(omega.length));
  const radians = Math.max(...omega.map(Math.abs)) * reachMs;
  // one for two radians and some; where 2 for each frequency are fewer, every wave is chosen
  const count = Math.ceil(Math.min(radians / 2, 2 * omega.length)) + 8;
  const times = Float64Array.from({ length: count }, (_, i) => reachMs * Math.sin(((i + 0.5) / (count - 0.5)) * (Math.PI / 2)));
  const samples = new Float64Array(2 * count * omega.length);
  omega.forEach((own, k) => {
    for (let i = 0; i < count; i++) {
      const at = 2 * (k * count + i);
      putWave({ parity, omega: own }, times[i]!, samples, at);
      samples[at + 1]! *= scale;
    }
  });
  return samples;
}

function placeOfLargest(values: Float64Array): number {
  let place = 0;
  for (let i = 1; i < values.length; i++) if (Math.abs(values[i]!) > Math.abs(values[place]!)) place = i;
  return place;
}

/** to[at ..] -= factor from */
function subtract(to: Float64Array, at: number, factor: number, from: Float64Array): void {
  if (factor !== 0) for (let i = 0; i < from.length; i++) to[at + i]! -= factor * from[i]!;
}
