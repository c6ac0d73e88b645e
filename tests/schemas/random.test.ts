import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { normalQuantile } from '../../schemas/normal-quantile.ts';
import { philox, randomStream, streamName } from '../../schemas/random.ts';

const COUNT = 50_000;

function words(counter: readonly [number, number, number, number], key: readonly [number, number]): string[] {
  const out = new Uint32Array(4);
  philox(...counter, ...key, out);
  return [...out].map((word) => word.toString(16).padStart(8, '0'));
}

function draws(seed: number, name: string, kind: 'uniform' | 'normal'): number[] {
  const stream = randomStream(seed, name);
  return Array.from({ length: COUNT }, (_, index) => stream[kind](index));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const meanA = mean(a);
  const meanB = mean(b);
  const product = (x: readonly number[], y: readonly number[], mx: number, my: number): number =>
    mean(x.map((value, i) => (value - mx) * ((y[i] ?? 0) - my)));
  return product(a, b, meanA, meanB) / Math.sqrt(product(a, a, meanA, meanA) * product(b, b, meanB, meanB));
}

describe('Philox4x32-10', () => {
  // kat_vectors of Random123 1.14: counter, key, expected.
  test('gives the known answers of Random123', () => {
    expect(words([0, 0, 0, 0], [0, 0])).toEqual(['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']);
    const ones = 0xffffffff;
    expect(words([ones, ones, ones, ones], [ones, ones])).toEqual(['408f276d', '41c83b0e', 'a20bc7c6', '6d5451fd']);
    expect(words([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
      'd16cfe09',
      '94fdcceb',
      '5001e420',
      '24126ea1',
    ]);
  });
});

describe('a random stream', () => {
  test('puts seed, name and index where the documentation says', () => {
    const seed = 2 ** 40 + 17;
    const index = 2 ** 33 + 5;
    const [name0, name1] = streamName('noise').words;
    const [w0 = '', w1 = ''] = words([5, 2, name0, name1], [17, 256]);
    const expected = (Number.parseInt(w0, 16) * 2 ** 21 + Math.floor(Number.parseInt(w1, 16) / 2 ** 11)) / 2 ** 53;
    expect(randomStream(seed, 'noise').uniform(index)).toBe(expected);
  });

  // Written by this program once; the next three lines must never change, or every committed id and result changes with them.
  test('gives the committed golden values', () => {
    const stream = randomStream(20260101, 'golden');
    expect([0, 1, 2 ** 40].map((index) => stream.uniform(index))).toEqual(GOLDEN.uniform);
    expect([0, 1, 2 ** 40].map((index) => stream.normal(index))).toEqual(GOLDEN.normal);
  });

  test('gives the same numbers in another process, which knows only the documented algorithm', () => {
    const script = `
      const { createHash } = require('node:crypto');
      const M = [0xD2511F53n, 0xCD9E8D57n], W = [0x9E3779B9n, 0xBB67AE85n], LOW = 0xFFFFFFFFn;
      const digest = createHash('sha256').update('golden').digest();
      const seed = 20260101n, numbers = [0n, 1n, 2n ** 40n].map((index) => {
        let c = [index & LOW, index >> 32n, BigInt(digest.readUInt32BE(0)), BigInt(digest.readUInt32BE(4))], k = [seed & LOW, seed >> 32n];
        for (let r = 0; r < 10; r++) {
          const p = c[0] * M[0], q = c[2] * M[1];
          c = [(q >> 32n) ^ c[1] ^ k[0], q & LOW, (p >> 32n) ^ c[3] ^ k[1], p & LOW];
          k = k.map((word, i) => (word + W[i]) & LOW);
        }
        return Number((c[0] << 21n) | (c[1] >> 11n)) / 2 ** 53;
      });
      process.stdout.write(JSON.stringify(numbers));`;
    expect(JSON.parse(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }))).toEqual(GOLDEN.uniform);
  });

  test('needs no order: any index can be read at any time', () => {
    const forward = draws(3, 'order', 'uniform').slice(0, 100);
    const stream = randomStream(3, 'order');
    const backward = Array.from({ length: 100 }, (_, i) => stream.uniform(99 - i)).toReversed();
    expect(backward).toEqual(forward);
  });

  // Bounds are five standard errors: with fixed seeds these tests cannot flicker.
  test('is uniform: moments and a chi-square over 64 bins', () => {
    const values = draws(1, 'uniform', 'uniform');
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(Math.abs(mean(values) - 1 / 2)).toBeLessThan(5 * Math.sqrt(1 / 12 / COUNT));
    expect(Math.abs(mean(values.map((value) => value ** 2)) - 1 / 3)).toBeLessThan(5 * Math.sqrt(4 / 45 / COUNT));
    const bins = Array.from({ length: 64 }, () => 0);
    for (const value of values) bins[Math.floor(value * 64)] = (bins[Math.floor(value * 64)] ?? 0) + 1;
    const chi2 = bins.reduce((sum, count) => sum + (count - COUNT / 64) ** 2 / (COUNT / 64), 0);
    expect(chi2).toBeLessThan(63 + 5 * Math.sqrt(2 * 63));
  });

  test('is normal: four moments', () => {
    const values = draws(1, 'normal', 'normal');
    const moment = (power: number): number => mean(values.map((value) => value ** power));
    expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(COUNT));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / COUNT));
    expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / COUNT));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / COUNT));
  });

  test('is independent of streams with the next name, the next seed, and of its own next index', () => {
    const values = draws(1, 'a', 'normal');
    for (const other of [draws(1, 'b', 'normal'), draws(2, 'a', 'normal'), [...values.slice(1), 0]])
      expect(Math.abs(correlation(values, other))).toBeLessThan(5 / Math.sqrt(COUNT));
  });

  test('refuses seeds and indices that are no integers from 0 to 2^53 - 1', () => {
    for (const bad of [-1, 0.5, 2 ** 53, NaN]) {
      expect(() => randomStream(bad, 'x')).toThrow('internal:');
      expect(() => randomStream(1, 'x').uniform(bad)).toThrow('internal:');
    }
  });
});

describe('the normal quantile', () => {
  // SciPy 1.15, scipy.stats.norm.ppf.
  test.each([
    [0.5, 0],
    [0.9, 1.2815515655446004],
    [0.975, 1.959963984540054],
    [1e-3, -3.090232306167813],
    [1e-10, -6.361340902404056],
    [2 ** -53, -8.209536151601387],
    [1e-300, -37.0470962993612],
    [0.075, -1.4395314709384563],
    [0.0750001, -1.4395307645017301],
  ])('at %d equals that of SciPy', (p, z) => {
    expect(Math.abs(normalQuantile(p) - z)).toBeLessThanOrEqual(1e-15 * (1 + Math.abs(z)));
  });
});

const GOLDEN = {
  uniform: [0.7589723263315293, 0.44111195978194817, 0.5394480446273652],
  normal: [0.7030006452850808, -0.14815059672576872, 0.09904327471270011],
};
