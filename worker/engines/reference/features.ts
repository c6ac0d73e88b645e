/**
 * Fourier features of time: sin and cos of 2 pi f (t - centre), and their time derivatives (Tancik et al. 2020, arXiv 2006.10739). With a
 * trainable scale every frequency is multiplied by exp(c).
 */

/** Sines of all frequencies, then their cosines, and the time derivatives of both (per ms), [M, 2 F] each. */
export interface Features {
  readonly a: Float64Array;
  readonly da: Float64Array;
}

/** `frequencies` in cycles per ms; `grid` in ms from 0, centred in the features; c = 0 leaves the frequencies as they are. */
export function fourierFeatures(frequencies: Float64Array, grid: Float64Array, c = 0): Features {
  const size = grid.length * 2 * frequencies.length;
  const features = { a: new Float64Array(size), da: new Float64Array(size) };
  fillFeatures(features, frequencies, grid, c);
  return features;
}

export function fillFeatures({ a, da }: Features, frequencies: Float64Array, grid: Float64Array, c: number): void {
  const count = frequencies.length;
  eachPhase(frequencies, grid, c, (at, omega, phase) => {
    a[at] = Math.sin(phase);
    a[at + count] = Math.cos(phase);
    da[at] = omega * Math.cos(phase);
    da[at + count] = -omega * Math.sin(phase);
  });
}

/** Adjoints of the features [M, 2 F] -> adjoint of c. */
export function scaleAdjoint(aBar: Float64Array, daBar: Float64Array, frequencies: Float64Array, grid: Float64Array, c: number): number {
  const count = frequencies.length;
  let sum = 0;
  // d phase / dc = phase and d omega / dc = omega
  eachPhase(frequencies, grid, c, (at, omega, phase) => {
    const sin = Math.sin(phase);
    const cos = Math.cos(phase);
    sum += phase * (aBar[at]! * cos - aBar[at + count]! * sin);
    sum += omega * (daBar[at]! * (cos - phase * sin) - daBar[at + count]! * (sin + phase * cos));
  });
  return sum;
}

/** `at` is where the sine of a frequency stands in the features of a point; omega in radians per ms. */
function eachPhase(
  frequencies: Float64Array,
  grid: Float64Array,
  c: number,
  visit: (at: number, omega: number, phase: number) => void,
): void {
  const count = frequencies.length;
  const centre = (grid.at(-1) ?? 0) / 2;
  const factor = 2 * Math.PI * Math.exp(c);
  for (let p = 0; p < grid.length; p++) {
    for (let k = 0; k < count; k++) {
      const omega = factor * frequencies[k]!;
      visit(p * 2 * count + k, omega, omega * (grid[p]! - centre));
    }
  }
}
