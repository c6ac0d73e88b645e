import { expect, test } from 'vitest';
import { combine, parseUnit, sameUnit } from '../../../worker/models/units.ts';
import type { UnitVector } from '../../../worker/models/units.ts';

function unit(text: string): UnitVector {
  const vector = parseUnit(text);
  if (vector === undefined) throw new Error(`no unit: ${text}`);
  return vector;
}

test.each([
  ['nS', 'mV', 'pA'],
  ['mS/cm2', 'mV', 'uA/cm2'],
  ['mS/cm^2', 'mV', 'uA/cm2'],
  ['pF', 'mV/ms', 'pA'],
  ['uF/cm2', 'mV/ms', 'uA/cm2'],
  ['1/ms', 'ms', '1'],
  ['ms^-1', '1', 'kHz'],
  ['Mohm', 'nA', 'mV'],
])('%s * %s = %s, scale included', (a, b, product) => {
  expect(sameUnit(combine(unit(a), unit(b), 1), unit(product))).toBe(true);
});

test.each([
  ['mV', 'V'],
  ['ms', 's'],
  ['nS', 'uS'],
  ['pA', 'pA/cm2'],
  ['1', 'mV'],
])('%s and %s differ', (a, b) => {
  expect(sameUnit(unit(a), unit(b))).toBe(false);
});

test.each(['volts per fortnight', '', ' ', '5 mV', '2/ms', '10', 'degC', 'V +', 'import("x")', '__proto__', 'mV mV)', 'constructor'])(
  '%j is no unit',
  (text) => {
    expect(parseUnit(text)).toBeUndefined();
  },
);
