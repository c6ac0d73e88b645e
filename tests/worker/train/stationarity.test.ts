import { expect, test } from 'vitest';
import type { Parameter } from '../../../worker/models/model.ts';
import { ParameterHistory } from '../../../worker/train/stationarity.ts';

const CONDUCTANCE: Parameter = { name: 'g', unit: 'nS', value: 10, range: [1, 1000], positive: true, start: 10 };
const POTENTIAL: Parameter = { name: 'E', unit: 'mV', value: -60, range: [-100, -20], positive: false, start: -60 };

/** The change after `steps` steps of which number k had the values of `at`. */
function changeOf(steps: number, at: (step: number) => readonly number[], parameters: readonly Parameter[]): number {
  const history = new ParameterHistory(steps, parameters.length);
  for (let step = 0; step < steps; step++) history.record(Float64Array.from(at(step)));
  return history.change(parameters, at(steps - 1));
}

test('parameters that rest have not changed', () => {
  expect(changeOf(1000, () => [10, -60], [CONDUCTANCE, POTENTIAL])).toBe(0);
});

test('what moved before the last tenth does not count', () => {
  expect(changeOf(1000, (step) => [step < 890 ? step : 10], [CONDUCTANCE])).toBe(0);
});

test('a positive parameter changes relative to its last value, another by the share of its range', () => {
  const last = (step: number, value: number, before: number): number => (step >= 95 ? value : before);
  expect(changeOf(100, (step) => [last(step, 20, 19)], [CONDUCTANCE])).toBeCloseTo(0.05, 12);
  expect(changeOf(100, (step) => [last(step, -60, -58)], [POTENTIAL])).toBeCloseTo(2 / 80, 12);
});

test('the largest change of any parameter counts', () => {
  const at = (step: number): number[] => [10, step >= 95 ? -60 : -52];
  expect(changeOf(100, at, [CONDUCTANCE, POTENTIAL])).toBeCloseTo(0.1, 12);
});

test('a drift over a million steps is seen in the two hundred that are kept', () => {
  expect(changeOf(1_000_000, (step) => [10 + step / 1e6], [CONDUCTANCE])).toBeCloseTo(0.1 / 11, 3);
});

test('with a handful of steps the last two are compared', () => {
  expect(changeOf(3, (step) => [[10, 10, 11][step]!], [CONDUCTANCE])).toBeCloseTo(1 / 11, 12);
});

test('a value that is not a number is no change that passes', () => {
  expect(changeOf(10, () => [Number.NaN], [CONDUCTANCE]) <= 0.01).toBe(false);
});

test('the caller may use its array again', () => {
  const history = new ParameterHistory(2, 1);
  const values = Float64Array.of(10);
  history.record(values);
  values[0] = 20;
  history.record(values);
  expect(history.change([CONDUCTANCE], [20])).toBeCloseTo(0.5, 12);
});
