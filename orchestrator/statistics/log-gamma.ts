/** ln Gamma(x) by Lanczos' approximation: "A precision approximation of the gamma function", SIAM J. Numer. Anal. 1 (1964) 86, with g = 7 and 9 terms; about 1e-14. */
const G = 7;
const COEFFICIENTS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** For x >= 0.5. */
export function logGamma(x: number): number {
  const z = x - 1;
  const sum = COEFFICIENTS.reduce((series, coefficient, i) => series + (i === 0 ? coefficient : coefficient / (z + i)), 0);
  const t = z + G + 0.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}
