import { expect, test } from 'vitest';
import { parseEquation } from '../../../worker/models/equation.ts';
import { createEquationWriter } from '../../../worker/models/equation-writer.ts';
import type { Meaning } from '../../../worker/models/equation-writer.ts';
import { constant, createGraph, emit, input } from '../../../worker/models/graph.ts';
import { createScalar } from '../../../worker/models/interpret.ts';
import type { Program } from '../../../worker/models/program.ts';

/** x is an input, k the constant 3, double a definition. */
function programOf(text: string): Program {
  const graph = createGraph();
  const expressionOf = (equation: string): Extract<ReturnType<typeof parseEquation>, { kind: 'equation' }>['expression'] => {
    const parsed = parseEquation(equation);
    if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems));
    return parsed.expression;
  };
  const meaning = (name: string): Meaning => {
    if (name === 'double') return { kind: 'definition', expression: expressionOf('2 * tanh(x)') };
    return { kind: 'node', node: name === 'k' ? constant(graph, 3) : input(graph, name) };
  };
  return emit(graph, [{ name: 'z', node: createEquationWriter(graph, meaning)(expressionOf(text)) }]);
}

function valueOf(text: string, x: number): number {
  const outputs = new Float64Array(1);
  createScalar(programOf(text), ['x'])(Float64Array.of(x), outputs);
  return outputs[0]!;
}

test.each([
  ['x^2', 1.7 ** 2],
  ['x^-3', 1.7 ** -3],
  ['x^0.5', Math.sqrt(1.7)],
  ['x^(1/2)', Math.sqrt(1.7)],
  ['x^1.5', 1.7 ** 1.5],
  ['x^-0.25', 1.7 ** -0.25],
  ['2^x', 2 ** 1.7],
  ['k^((x - 1) / 10)', 3 ** 0.07],
  ['x^k', 1.7 ** 3],
  ['-x^2', -(1.7 ** 2)],
  ['exprel(x) * sinh(x) / cosh(x)', (Math.expm1(1.7) / 1.7) * Math.tanh(1.7)],
  ['double + double / k', (8 / 3) * Math.tanh(1.7)],
])('%s at x = 1.7', (text, value) => {
  // One exponential of a logarithm: a few roundings.
  expect(Math.abs(valueOf(text, 1.7) / value - 1)).toBeLessThan(1e-14);
});

test('a definition that is mentioned twice is computed once', () => {
  expect(programOf('double * double').code.filter(({ op }) => op === 'tanh')).toHaveLength(1);
});

test('a constant that names an integer exponent becomes a plain power', () => {
  expect(programOf('x^k').code.map(({ op }) => op)).toEqual(['input', 'power']);
});
