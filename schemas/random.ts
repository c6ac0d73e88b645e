/**
 * Random numbers that are a pure function of (seed, stream name, index): nothing is consumed, so any number can be had at any
 * time, in any order, in any process. Not for cryptography.
 *
 * Algorithm: Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1,
 * 2, 3", SC 2011, section 3.3; constants as in their Random123 library, whose known answers are in the test.
 *
 *   key     = [seed mod 2^32, seed div 2^32]                    seed 0..2^53-1
 *   counter = [index mod 2^32, index div 2^32, name0, name1]    index 0..2^53-1
 *   name0, name1 = the first and second four bytes, big-endian, of the SHA-256 of the stream's name in UTF-8
 *
 * One block of four 32-bit words per index; words 0 and 1 make both the uniform and the normal of that index, so use a stream for
 * one of them only. uniform(i) = (w0 * 2^21 + (w1 >>> 11)) / 2^53. normal(i) is the inverse normal distribution function (Wichura's
 * AS 241) at (floor(uniform(i) * 2^52) + 1/2) / 2^52, which is never 0 or 1: |normal| < 8.3.
 *
 * Rounding: uniforms are exact on every platform. Normals use Math.log beyond |z| = 1.4, which V8 computes with its own code (fdlibm), not
 * the platform's; golden values in the test would show a change.
 */
import { createHash } from 'node:crypto';
import { normalQuantile } from './normal-quantile.ts';

export interface RandomStream {
  /** In [0, 1), a multiple of 2^-53. */
  uniform(index: number): number;
  /** Standard normal. */
  normal(index: number): number;
}

/** A stream's name, hashed once; pass it to `randomStream` in a loop over seeds. */
export interface StreamName {
  readonly words: readonly [number, number];
}

export function streamName(name: string): StreamName {
  const digest = createHash('sha256').update(name).digest();
  return { words: [digest.readUInt32BE(0), digest.readUInt32BE(4)] };
}

/** The stream of that name under that seed (0..2^53-1). */
export function randomStream(seed: number, stream: string | StreamName): RandomStream {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`internal: seed ${seed} is no integer from 0 to 2^53 - 1`);
  const { words } = typeof stream === 'string' ? streamName(stream) : stream;
  const keyLow = seed >>> 0;
  const keyHigh = Math.floor(seed / TWO_32);
  const uniform = (index: number): number => {
    if (!Number.isSafeInteger(index) || index < 0) throw new Error(`internal: index ${index} is no integer from 0 to 2^53 - 1`);
    philox(index >>> 0, Math.floor(index / TWO_32), words[0], words[1], keyLow, keyHigh, block);
    return (block[0]! * 2 ** 21 + (block[1]! >>> 11)) / 2 ** 53;
  };
  return { uniform, normal: (index) => normalQuantile((Math.floor(uniform(index) * 2 ** 52) + 0.5) / 2 ** 52) };
}

const TWO_32 = 2 ** 32;
/** Where philox() leaves its words; overwritten by every call, read at once. */
const block = new Uint32Array(4);

/** Ten rounds on counter [c0, c1, c2, c3] under key [k0, k1]; the four words go to `out`. All words are unsigned 32-bit. */
export function philox(c0: number, c1: number, c2: number, c3: number, k0: number, k1: number, out: Uint32Array): void {
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** Upper 32 bits of the 64-bit product, in halves of 16 bits: every partial sum stays below 2^32. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return aHigh * bHigh + (middle >>> 16) + (carry >>> 16);
}
