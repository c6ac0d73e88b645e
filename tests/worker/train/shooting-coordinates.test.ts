import { expect, test } from 'vitest';
import { packageRoot } from '../../../schemas/package-root.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { shootingCoordinates } from '../../../worker/train/shooting-coordinates.ts';

const { model } = loadModel('hodgkin-huxley', packageRoot());
const coordinates = shootingCoordinates(model, ['gNa', 'EL'], ['V', 'h']);
const values = Float64Array.of(100, -50, -65.5, 0.6);

test('values come back from their coordinates', () => {
  coordinates.toValues(coordinates.toTheta(values)).forEach((value, k) => expect(value).toBeCloseTo(values[k]!, 10));
});

test('slopes are the derivatives of the values', () => {
  const theta = coordinates.toTheta(values);
  const slopes = coordinates.slopes(theta);
  theta.forEach((_, k) => {
    const at = (delta: number) => coordinates.toValues(theta.map((value, j) => (j === k ? value + delta : value)))[k]!;
    expect((at(1e-6) - at(-1e-6)) / 2e-6 / slopes[k]!).toBeCloseTo(1, 7);
  });
});

test('no coordinate leads out of a range', () => {
  const [low, high] = [-50, 50].map((theta) => coordinates.toValues(new Float64Array(4).fill(theta)));
  expect([low![0], high![0], low![1], high![1]].map((value) => Number(value!.toPrecision(9)))).toEqual([1, 2000, -90, -30]);
  expect([low![3]! >= 0, high![3]! <= 1]).toEqual([true, true]);
});

test('a pool moves within its range, along its logarithm', () => {
  const adapting = shootingCoordinates(loadModel('wang-adapting', packageRoot()).model, [], ['Ca']);
  const [theta] = adapting.toTheta(Float64Array.of(0.5));
  const at = (x: number) => adapting.toValues(Float64Array.of(x))[0]!;
  expect(at(theta!)).toBeCloseTo(0.5, 12);
  expect((at(theta! + 1e-6) - at(theta! - 1e-6)) / 2e-6 / adapting.slopes(Float64Array.of(theta!))[0]!).toBeCloseTo(1, 7);
  expect([at(-50), at(50)].map((value) => Number(value.toPrecision(9)))).toEqual([0.0001, 100]);
});
