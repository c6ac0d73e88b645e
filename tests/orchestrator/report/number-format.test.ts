import { expect, test } from 'vitest';
import {
  formatCount,
  formatInterval,
  formatMedianCount,
  formatNumber,
  formatPercent,
  formatSeconds,
  formatUnit,
  plural,
  withUnit,
} from '../../../orchestrator/report/number-format.ts';

test.each([
  [119.6445, '119.6'],
  [0.30351, '0.3035'],
  [-54.387, '\u221254.39'],
  [0, '0'],
  [99999.6, '100000'],
  [0.99999, '1.000'],
  [1.234e-7, '1.234 \u00d7 10\u207b\u2077'],
  [-5e9, '\u22125.000 \u00d7 10\u2079'],
  [Infinity, '\u221e'],
  [NaN, '\u2013'],
  [null, '\u2013'],
])('%s is shown as %s', (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

test('shares are shown as per cent with two digits', () => {
  expect(formatPercent(0.9375)).toBe('94\u00a0%');
  expect(formatPercent(0.09961)).toBe('10\u00a0%');
  expect(formatPercent(0.009961)).toBe('1.0\u00a0%');
  expect(formatPercent(0.0123, { sign: true })).toBe('+1.2\u00a0%');
  expect(formatPercent(-0.00123, { sign: true })).toBe('\u22120.12\u00a0%');
  expect(formatPercent(null)).toBe('\u2013');
});

test('units are set as in print', () => {
  expect(formatUnit('uA/cm2')).toBe('\u00b5A/cm\u00b2');
  expect(formatUnit('mS/cm2')).toBe('mS/cm\u00b2');
  expect(withUnit('h', '1')).toBe('h');
  expect(withUnit('gNa', 'nS')).toBe('gNa (nS)');
});

test('counts, intervals and durations read well', () => {
  expect(formatCount(1234567)).toBe('1\u202f234\u202f567');
  expect(plural(1, 'replica')).toBe('1 replica');
  expect(plural(0, 'replica')).toBe('0 replicas');
  expect(formatMedianCount(4)).toBe('4');
  expect(formatMedianCount(3.5)).toBe('3.5');
  expect(formatInterval([1, 2], 2)).toBe('1.0 to 2.0');
  expect(formatInterval(null)).toBe('\u2013');
  expect(formatSeconds(7200)).toBe('2.00 h');
});
