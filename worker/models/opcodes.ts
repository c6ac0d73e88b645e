/**
 * What each opcode means, once: float64 scalar semantics for constant folding and for the interpreter. Engines map opcodes to their
 * own vector operations and are compared with these.
 */
import type { BinaryOpcode, Instruction, UnaryOpcode } from './program.ts';

/** (exp(x) - 1) / x, 1 at 0; relative error below 1e-15 everywhere, exp(x) / x for large x, no NaN but for NaN. */
export function exprel(x: number): number {
  if (Math.abs(x) < 1e-5) return 1 + x * (0.5 + x / 6);
  return x === Infinity ? Infinity : Math.expm1(x) / x;
}

/** Taylor coefficients 1 / (k! (k + 2)) of exprelSlope; at |x| = 0.5 the first one left out adds less than 1e-17. */
const SLOPE_SERIES = taylorOfSlope(15);

/** d exprel / dx = integral of s exp(s x) over s in [0, 1], 1/2 at 0; relative error below 1e-14 everywhere, no NaN but for NaN. */
export function exprelSlope(x: number): number {
  if (Math.abs(x) < 0.5) return slopeNearZero(x);
  if (x === Infinity) return Infinity;
  // exp(x) - exprel(x) would be Infinity - Infinity beyond 709; below -0.5 it has no cancellation.
  return x > 0 ? (Math.exp(x) / x) * (1 - 1 / x) + 1 / (x * x) : (exprel(x) - Math.exp(x)) / -x;
}

function slopeNearZero(x: number): number {
  let sum = 0;
  for (let k = SLOPE_SERIES.length - 1; k >= 0; k--) sum = sum * x + SLOPE_SERIES[k]!;
  return sum;
}

function taylorOfSlope(terms: number): readonly number[] {
  const series: number[] = [];
  let factorial = 1;
  for (let k = 0; k < terms; k++) {
    factorial *= Math.max(1, k);
    series.push(1 / (factorial * (k + 2)));
  }
  return series;
}

/** a to a positive integer exponent. Squares and cubes by multiplication: the same bits on every engine. */
export function integerPower(a: number, exponent: number): number {
  if (exponent === 2) return a * a;
  if (exponent === 3) return a * a * a;
  if (exponent === 4) return a * a * (a * a);
  return a ** exponent;
}

export function applyUnary(op: UnaryOpcode, a: number): number {
  switch (op) {
    case 'neg':
      return -a;
    case 'exp':
      return Math.exp(a);
    case 'log':
      return Math.log(a);
    case 'sqrt':
      return Math.sqrt(a);
    case 'tanh':
      return Math.tanh(a);
    case 'sinh':
      return Math.sinh(a);
    case 'cosh':
      return Math.cosh(a);
    case 'exprel':
      return exprel(a);
    case 'exprelSlope':
      return exprelSlope(a);
    default:
      return op satisfies never;
  }
}

export function applyBinary(op: BinaryOpcode, a: number, b: number): number {
  switch (op) {
    case 'add':
      return a + b;
    case 'sub':
      return a - b;
    case 'mul':
      return a * b;
    case 'div':
      return a / b;
    default:
      return op satisfies never;
  }
}

/** Registers that an instruction reads: none, one or two. */
export function operands(instruction: Instruction): readonly number[] {
  if ('b' in instruction) return [instruction.a, instruction.b];
  return 'a' in instruction ? [instruction.a] : [];
}
