import { expect, test } from 'vitest';
import { constantValue, namesOf, parseEquation } from '../../../worker/models/equation.ts';
import type { Expression, Problem } from '../../../worker/models/equation.ts';

function expressionOf(text: string): Expression {
  const parsed = parseEquation(text);
  if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems));
  return parsed.expression;
}

function problemsOf(text: string): readonly Problem[] {
  const parsed = parseEquation(text);
  return parsed.kind === 'refused' ? parsed.problems : [];
}

test.each([
  ['1 + 2 * 3', 7],
  ['(1 + 2) * 3', 9],
  ['-2^2', -4],
  ['2^3^2', 512],
  ['2^-1', 0.5],
  ['8 / 4 / 2', 1],
  ['5 - 3 - 1', 1],
  ['1.5e3 - .5', 1499.5],
  ['1+-2', -1],
  ['1 +\n  2', 3],
])('%s is %d', (text, value) => {
  expect(constantValue(expressionOf(text))).toBe(value);
});

test('every part knows its place in the text', () => {
  const expression = expressionOf('0.1*(V + 40) / exp(-gNa)');
  expect(namesOf(expression)).toEqual([
    { name: 'V', at: 5 },
    { name: 'gNa', at: 20 },
  ]);
  expect(expression).toMatchObject({
    kind: 'operation',
    operator: '/',
    at: 13,
    left: { operator: '*', at: 3, left: { kind: 'number', at: 0 }, right: { operator: '+', at: 7 } },
    right: { kind: 'call', function: 'exp', at: 15, argument: { kind: 'negation', at: 19 } },
  });
});

/** Text, offset of the first problem. */
const REFUSED: readonly (readonly [string, number])[] = [
  ['import("x")', 7],
  ['import(x)', 0],
  ['evaluate(V)', 0],
  ['cos(1)', 0],
  ['V + cos(1)', 4],
  ['a.b', 1],
  ['"x"', 0],
  ["'x'", 0],
  ['f(x)=x', 4],
  ['x = 3', 2],
  ['[1,2]', 0],
  ['{a: 1}', 0],
  ['V > 0 ? 1 : 0', 2],
  ['1:3', 1],
  ['2 V', 2],
  ['2V', 1],
  ['(V)(V)', 3],
  ['V (3)', 0],
  ['V!', 1],
  ["V'", 1],
  ['V % 2', 2],
  ['V mod 2', 2],
  ['V to 3', 2],
  ['not V', 0],
  ['V and 1', 2],
  ['5 mV', 2],
  ['+V', 0],
  ['1; 2', 1],
  ['1 # comment', 2],
  ['1 .* V', 2],
  ['0x1F', 1],
  ['true', 0],
  ['NaN', 0],
  ['Infinity', 0],
  ['1e999', 0],
  ['', 0],
  ['1 +', 3],
  ['(1 + 2', 6],
  ['1 + 2)', 5],
  ['exp()', 0],
  ['exp(1, 2)', 0],
  ['exp(V)(2)', 6],
  ['π * 2', 0],
  ['V\\n', 1],
  ['`V`', 0],
  ['V; import', 1],
  ['constructor("x")', 12],
  ['constructor(V)', 0],
  ['__proto__(V)', 0],
  ['a, b', 1],
];

test.each(REFUSED)('%j is refused at character %i', (text, at) => {
  expect(problemsOf(text)[0]?.at).toBe(at);
});

test('all problems of an equation are told at once', () => {
  expect(problemsOf('cos(V) + sin(2 V)').map(({ at }) => at)).toEqual([0, 9, 15]);
});

test.each(['2 V', '2V', '(V)(V)', '2 (V)', 'exp(V) V'])('%j is told to write multiplication with *', (text) => {
  expect(problemsOf(text).map(({ rule }) => rule)).toEqual(['must write multiplication with *']);
});

test('a function that is nearly known is suggested', () => {
  expect(problemsOf('exq(V)')[0]?.remedy).toBe('Did you mean "exp"?');
  expect(problemsOf('2V')[0]?.remedy).toBe('Write 2 * V.');
});

test('names of JavaScript’s own are names like any other, and nothing runs', () => {
  expect(namesOf(expressionOf('__proto__ + constructor + toString + process'))).toHaveLength(4);
  expect(Object.hasOwn(globalThis, 'loligoWasHere')).toBe(false);
  expect(problemsOf('globalThis.loligoWasHere = 1').length).toBeGreaterThan(0);
  expect(Object.hasOwn(globalThis, 'loligoWasHere')).toBe(false);
});

test('an endless or deeply nested equation is refused, not followed', () => {
  expect(problemsOf(`${'1+'.repeat(3000)}1`)[0]?.rule).toContain('4000 characters');
  expect(() => parseEquation(`${'('.repeat(1900)}1${')'.repeat(1900)}`)).not.toThrow();
});
