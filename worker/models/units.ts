/**
 * Units as vectors: nine exponents of base dimensions and, as one more component, the decimal logarithm of the scale, so that
 * multiplication of units is addition of vectors and nS * mV = pA holds with its scale. mathjs knows the names of units.
 */
import { Unit } from './mathjs.ts';

/** Exponents of mass, length, time, current, temperature, luminous intensity, amount, angle, bit; then log10 of the scale in SI. */
export type UnitVector = readonly number[];

export const DIMENSIONLESS: UnitVector = Array.from({ length: 10 }, () => 0);

/** Exponents are small fractions and logarithms of scales below 20: rounding stays under 1e-14, unequal units differ by far more. */
const TOLERANCE = 1e-9;

/** Molar, which mathjs does not know; M after a prefix is no other unit. */
const MOLAR = /\b([mun]?)M\b/g;

/** The vector of a unit such as "mS/cm2", "uM" or "1/ms"; "1" is no unit. Undefined where the text is no unit, a quantity (5 mV) or shifted (degC). */
export function parseUnit(written: string): UnitVector | undefined {
  if (written.trim() === '1') return DIMENSIONLESS;
  const text = written.replaceAll(MOLAR, '($1mol/l)');
  try {
    const parsed = Unit.parse(text);
    const { value: scale, units, dimensions } = new Unit(1, text);
    // mathjs leaves value null where the text has no number; "1/ms" has one, and it must be 1. Its types do not say so.
    const number: number | null = parsed.value;
    const hasOffset = units.some(({ unit }) => unit.offset !== 0);
    if (hasOffset || scale <= 0 || (number !== null && Math.abs(number / scale - 1) > TOLERANCE)) return undefined;
    return [...dimensions, Math.log10(scale)];
  } catch (error) {
    // mathjs says what it cannot read with plain errors.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

export function sameUnit(a: UnitVector, b: UnitVector): boolean {
  return a.every((component, index) => isNegligible(component - (b[index] ?? 0)));
}

/** The unit a * b^factor. */
export function combine(a: UnitVector, b: UnitVector, factor: number): UnitVector {
  return a.map((component, index) => component + factor * (b[index] ?? 0));
}

export function isNegligible(component: number): boolean {
  return Math.abs(component) <= TOLERANCE;
}
