/**
 * A keyed permutation of 0..size-1, computed index by index: random order without a table, and different indices never collide.
 * A balanced Feistel network over the next even number of bits, its round function the random stream; results outside the domain
 * are permuted again until they fall inside (cycle walking; under four rounds of it on average). Black and Rogaway, "Ciphers with
 * arbitrary finite domains", CT-RSA 2002. Eight rounds; not a cipher, only a shuffle.
 */
import type { RandomStream } from '../../schemas/random.ts';

const ROUNDS = 8;

/** The largest domain. */
export const MAX_PERMUTATION = 2 ** 52;

/** A bijection of the integers 0..size-1; size 1..2^52. */
export function permutation(size: number, stream: RandomStream): (index: number) => number {
  if (!Number.isSafeInteger(size) || size < 1 || size > MAX_PERMUTATION) throw new Error(`internal: no permutation of ${size} values`);
  let half = 2;
  while (half * half < size) half *= 2;
  const mixed = (index: number): number => {
    let left = Math.floor(index / half);
    let right = index % half;
    for (let round = 0; round < ROUNDS; round++) {
      const mask = Math.floor(stream.uniform(round * half + right) * half);
      const next = (left ^ mask) >>> 0;
      left = right;
      right = next;
    }
    return left * half + right;
  };
  return (index) => {
    if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw new Error(`internal: ${index} is not in 0..${size - 1}`);
    let value = mixed(index);
    while (value >= size) value = mixed(value);
    return value;
  };
}
