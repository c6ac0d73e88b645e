import { expect, test } from 'vitest';
import { applyBinary, applyUnary, exprel, exprelSlope, integerPower, operands } from '../../../worker/models/opcodes.ts';

/** x, exprel(x), exprelSlope(x), computed with Python's decimal at 80 digits (700 for 1e-300) from the float64 value of x. */
const REFERENCE: readonly (readonly [number, number, number])[] = [
  [1e-300, 1.0, 0.5],
  [1e-12, 1.0000000000005, 0.5000000000003333],
  [-1e-12, 0.9999999999995, 0.49999999999966666],
  [1e-6, 1.0000005000001666, 0.5000003333334583],
  [-1e-6, 0.9999995000001667, 0.4999996666667917],
  [9e-6, 1.0000045000135, 0.500003000010125],
  [1.1e-5, 1.0000055000201666, 0.5000036666817917],
  [1e-3, 1.0005001667083417, 0.5003334583666736],
  [-1e-3, 0.9995001666250083, 0.49966679163334027],
  [0.1, 1.0517091807564762, 0.5346173731917138],
  [-0.1, 0.9516258196404043, 0.46788401604444696],
  [0.49, 1.2904412652150592, 0.6977039892659589],
  [-0.49, 0.7905583792154774, 0.3631265000633905],
  [0.4999999, 1.297442471144513, 0.7025574098784749],
  [0.5, 1.2974425414002564, 0.7025574585997437],
  [-0.5, 0.7869386805747332, 0.36081604172419945],
  [0.51, 1.304492539109581, 0.7074483447770692],
  [-0.51, 0.7833420023288903, 0.3585223990522046],
  [1, 1.7182818284590453, 1.0],
  [-1, 0.6321205588285577, 0.26424111765711533],
  [3.7, 10.661433610829025, 8.050235337631992],
  [-3.7, 0.2635882360890974, 0.06455802962669137],
  [20, 24258259.720489513, 23045346.784465037],
  [-20, 0.04999999989694232, 0.002499999891789435],
  [50.5, 1.6926998588709025e20, 1.65918104978435e20],
  [-50.5, 0.019801980198019802, 0.00039211841976276833],
  [300, 6.474754650804187e127, 6.453172135301506e127],
  [-300, 0.0033333333333333335, 1.1111111111111112e-5],
  [700, 1.4489029353357207e301, 1.4468330739995269e301],
  [-700, 0.0014285714285714286, 2.040816326530612e-6],
  [-1e4, 0.0001, 1e-8],
];

/** expm1 and exp of V8 are within 1 ulp (1.1e-16), the subtraction below -0.5 loses a factor of about 4, two more roundings. */
const RELATIVE = 3e-15;

test.each(REFERENCE)('exprel and its slope at %d equal the values of 80 digits', (x, value, slope) => {
  expect(Math.abs(exprel(x) / value - 1)).toBeLessThan(RELATIVE);
  expect(Math.abs(exprelSlope(x) / slope - 1)).toBeLessThan(RELATIVE);
});

test('exprel and its slope have limits, not NaN, at zero and infinity', () => {
  expect([exprel(0), exprel(-0), exprel(Infinity), exprel(-Infinity), exprel(800)]).toEqual([1, 1, Infinity, 0, Infinity]);
  expect([exprelSlope(0), exprelSlope(Infinity), exprelSlope(-Infinity), exprelSlope(800)]).toEqual([0.5, Infinity, 0, Infinity]);
  expect([exprel(Number.NaN), exprelSlope(Number.NaN)]).toEqual([Number.NaN, Number.NaN]);
});

test('integer powers equal repeated multiplication', () => {
  for (const exponent of [2, 3, 4, 5, 7])
    expect(integerPower(1.7, exponent)).toBeCloseTo(
      Array.from({ length: exponent }, () => 1.7).reduce((a, b) => a * b),
      12,
    );
});

test('every opcode is the function that its name says', () => {
  expect([applyUnary('neg', 2), applyUnary('exp', 1), applyUnary('log', 2), applyUnary('sqrt', 2)]).toEqual([
    -2,
    Math.E,
    Math.LN2,
    Math.SQRT2,
  ]);
  expect([applyUnary('tanh', 0.3), applyUnary('sinh', 0.3), applyUnary('cosh', 0.3)]).toEqual([
    Math.tanh(0.3),
    Math.sinh(0.3),
    Math.cosh(0.3),
  ]);
  expect([applyUnary('exprel', 1), applyUnary('exprelSlope', 1)]).toEqual([exprel(1), exprelSlope(1)]);
  expect([applyBinary('add', 6, 3), applyBinary('sub', 6, 3), applyBinary('mul', 6, 3), applyBinary('div', 6, 3)]).toEqual([9, 3, 18, 2]);
});

test('operands of an instruction are the registers that it reads', () => {
  expect(operands({ op: 'input', name: 'V' })).toEqual([]);
  expect(operands({ op: 'power', a: 3, exponent: 2 })).toEqual([3]);
  expect(operands({ op: 'sub', a: 3, b: 1 })).toEqual([3, 1]);
});
