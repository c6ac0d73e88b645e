/** The standard normal distribution function: the series of Marsaglia, "Evaluating the normal distribution", J. Statistical Software 11 (2004) 4. */

/** Beyond this the tail is below 1e-15. */
const FAR = 8;

/** P(Z <= z), to 1e-15 absolute. */
export function normalProbability(z: number): number {
  if (z <= -FAR) return 0;
  if (z >= FAR) return 1;
  let term = z;
  let sum = z;
  for (let k = 3, before = 0; sum !== before; k += 2) {
    term *= (z * z) / k;
    before = sum;
    sum += term;
  }
  return 0.5 + (sum * Math.exp(-0.5 * z * z)) / Math.sqrt(2 * Math.PI);
}
