import { expect, test } from 'vitest';
import { currentFactor, isCurrentUnit, millivoltsPer } from '../../../worker/recordings/units.ts';

test('voltages convert to mV, and nothing else is a voltage', () => {
  expect(['mV', ' V ', 'uV', '\u00b5V'].map(millivoltsPer)).toEqual([1, 1000, 1e-3, 1e-3]);
  expect(['pA', '', 'MV', 'constructor'].map(millivoltsPer)).toEqual([undefined, undefined, undefined, undefined]);
});

test('whole-cell currents convert into each other, and so do densities', () => {
  expect(currentFactor('nA', 'pA')).toBe(1000);
  expect(currentFactor('pA', 'nA')).toBe(1e-3);
  expect(currentFactor('A', 'pA')).toBe(1e12);
  expect(currentFactor('uA/cm^2', '\u03bcA/cm\u00b2')).toBe(1);
  expect(currentFactor('mA/cm2', 'uA / cm**2')).toBe(1000);
});

test('a density is no whole-cell current', () => {
  expect(currentFactor('pA', 'uA/cm2')).toBeUndefined();
  expect(currentFactor('uA/cm2', 'pA')).toBeUndefined();
  expect(isCurrentUnit('uA/cm2')).toBe(false);
  expect(isCurrentUnit('nA')).toBe(true);
});
