import { expect, test } from 'vitest';
import { randomStream } from '../../../../schemas/random.ts';
import { smoothed } from '../../../../worker/train/methods/smoothing.ts';

const noise = randomStream(3, 'smoothing test');
const wave = Float64Array.from(
  { length: 400 },
  (_, i) => 20 * Math.sin(i / 12) + (i > 180 && i < 200 ? 60 * Math.sin(((i - 180) * Math.PI) / 20) ** 2 : 0),
);

const distance = (a: Float64Array, b: Float64Array) => Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length);

test('a curve with noise comes out nearer to what it was than half the noise, its peak too', () => {
  const curve = smoothed(wave.map((value, i) => value + noise.normal(i)));
  expect(distance(curve, wave)).toBeLessThan(0.5);
  expect(Math.abs(Math.max(...curve) - Math.max(...wave))).toBeLessThan(1.5);
});

test('a parabola has no third differences and stays as it is', () => {
  const parabola = Float64Array.from({ length: 60 }, (_, i) => 3 - 0.2 * i + 0.01 * i * i);
  expect(distance(smoothed(parabola), parabola)).toBeLessThan(1e-6);
});

test.each([2, 7, 8, 9])('%i values go through', (count) => {
  expect(smoothed(wave.subarray(0, count))).toHaveLength(count);
});
