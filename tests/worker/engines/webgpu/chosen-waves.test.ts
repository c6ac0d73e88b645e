/** The chosen waves against those that they stand for, at times between which they were chosen. */
import { describe, expect, test } from 'vitest';
import { initialFrequencies } from '../../../../worker/engines/initial.ts';
import { chosenWaves, putWave } from '../../../../worker/engines/webgpu/chosen-waves.ts';

const angular = (frequencies: Float64Array): Float64Array => frequencies.map((frequency) => 2 * Math.PI * frequency);
const harmonics = (count: number, highestKhz: number): Float64Array =>
  angular(Float64Array.from({ length: count }, (_, k) => ((k + 1) * highestKhz) / count));
const crowded = Float64Array.from({ length: 16 }, (_, k) => 1 + k / 2000);

/** Largest errors of values, and of derivatives by the frequencies' RMS, and the largest weight. */
function missed(omega: Float64Array, reachMs: number): { value: number; rate: number; weight: number } {
  const scale = Math.hypot(...omega) / Math.sqrt(omega.length);
  let [value, rate, weight] = [0, 0, 0];
  const own = new Float64Array(2);
  chosenWaves(omega, reachMs).forEach((part, odd) => {
    for (let i = 0; i <= 200; i++) {
      const time = (reachMs * i) / 200;
      const left = Array.from(omega, (each) => {
        const [sin, cos] = [Math.sin(each * time), Math.cos(each * time)];
        return odd === 1 ? { value: sin, rate: each * cos } : { value: cos, rate: -each * sin };
      });
      for (const wave of part) {
        putWave(wave, time, own, 0);
        left.forEach((one, k) => {
          one.value -= wave.weights[k]! * own[0]!;
          one.rate -= wave.weights[k]! * own[1]!;
          weight = Math.max(weight, Math.abs(wave.weights[k]!));
        });
      }
      for (const one of left) {
        value = Math.max(value, Math.abs(one.value));
        rate = Math.max(rate, Math.abs(one.rate) / scale);
      }
    }
  });
  return { value, rate, weight };
}

const CASES: readonly (readonly [string, Float64Array, number])[] = [
  ['harmonics', harmonics(32, 0.5), 6.2],
  ['harmonics, a shorter stretch', harmonics(32, 0.5), 1.5],
  ...Array.from({ length: 8 }, (_, seed) => [`random frequencies, seed ${seed}`, angular(initialFrequencies(seed, 24, 0.4)), 6.3] as const),
  ['frequencies close together', crowded, 10],
  ['frequencies close together, many cycles', crowded, 3000],
  ['more cycles than frequencies', harmonics(8, 0.5), 400],
  ['frequencies of either sign, and 0', Float64Array.of(-1, 2, 0, -3, 3), 0.7],
  ['one frequency', harmonics(1, 0.04), 6],
  ['one time', harmonics(9, 0.5), 0],
];

describe('the chosen waves', () => {
  test.each(CASES)('give every sine, cosine and derivative to what float32 can tell, by weights below 2: %s', (_, omega, reachMs) => {
    const { value, rate, weight } = missed(omega, reachMs);
    expect(value).toBeLessThan(1e-7);
    expect(rate).toBeLessThan(1e-7);
    expect(weight).toBeLessThan(2);
  });

  test('are few on a stretch that is short for them, and all where it is long', () => {
    const most = (reachMs: number): number => Math.max(...chosenWaves(harmonics(32, 0.5), reachMs).map(({ length }) => length));
    expect(most(6.2)).toBeLessThanOrEqual(14);
    expect(most(1.5)).toBeLessThanOrEqual(8);
    expect(chosenWaves(harmonics(32, 0.5), 60).map(({ length }) => length)).toEqual([32, 32]);
  });
});
