/** Draws from the noncentral chi-square distribution: one shifted normal, and a central chi-square of the other degrees of freedom. */

/** Standard normals of one resample by their index: a pure function. */
export type NormalSource = (resample: number) => (index: number) => number;

/** Above this the cube of a normal is near enough: Wilson and Hilferty, PNAS 17 (1931) 684, whose error is then below 0.002 in probability. */
const MANY = 30;

/** `df` whole and at least 1, `noncentrality` the sum of squared means; takes normals one by one. */
export function chiSquare(df: number, noncentrality: number, next: () => number): number {
  const shifted = (next() + Math.sqrt(noncentrality)) ** 2;
  return shifted + central(df - 1, next);
}

function central(df: number, next: () => number): number {
  if (df > MANY) {
    const spread = 2 / (9 * df);
    return df * (1 - spread + next() * Math.sqrt(spread)) ** 3;
  }
  let sum = 0;
  for (let i = 0; i < df; i++) sum += next() ** 2;
  return sum;
}
