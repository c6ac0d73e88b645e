import { describe, expect, test } from 'vitest';
import { add, constant, createGraph, div, emit, input, mul, neg, power, sub, unary } from '../../../worker/models/graph.ts';
import { createInterpreter, createScalar } from '../../../worker/models/interpret.ts';
import { applyUnary } from '../../../worker/models/opcodes.ts';
import type { Program, UnaryOpcode } from '../../../worker/models/program.ts';

const UNARY: readonly UnaryOpcode[] = ['neg', 'exp', 'log', 'sqrt', 'tanh', 'sinh', 'cosh', 'exprel', 'exprelSlope'];

/** Every opcode once: outputs named after them, of x (varying) and k (a parameter). */
function everyOpcode(): Program {
  const graph = createGraph();
  const [x, k] = [input(graph, 'x'), input(graph, 'k')];
  return emit(graph, [
    ...UNARY.map((op) => ({ name: op, node: op === 'neg' ? neg(graph, x) : unary(graph, op, x) })),
    ...[2, 3, 4, 7].map((exponent) => ({ name: `power ${exponent}`, node: power(graph, x, exponent) })),
    { name: 'add', node: add(graph, x, k) },
    { name: 'sub', node: sub(graph, x, k) },
    { name: 'mul', node: mul(graph, x, k) },
    { name: 'div', node: div(graph, x, k) },
    { name: 'uniform', node: unary(graph, 'exp', k) },
    { name: 'constant', node: constant(graph, 7) },
  ]);
}

function expected(name: string, x: number, k: number): number {
  const op = UNARY.find((known) => known === name);
  if (op !== undefined) return applyUnary(op, x);
  const values: Record<string, number> = { add: x + k, sub: x - k, mul: x * k, div: x / k, uniform: Math.exp(k), constant: 7 };
  return values[name] ?? x ** Number(name.split(' ')[1]);
}

const program = everyOpcode();
/** No point is 1 or 1.25, where log x and x - k are 0. */
const at = (i: number): number => 0.0307 + 0.0101 * i;

// Blocks have 256 points: 0, 1 and the edges of one and two blocks.
describe.each([0, 1, 255, 256, 257, 512, 513])('over %i points', (points) => {
  test.each([{ uniform: ['k'] }, { uniform: [] }])('every opcode gives its value at every point, uniform: $uniform', ({ uniform }) => {
    const interpreter = createInterpreter(program, points, uniform);
    for (let i = 0; i < points; i++) interpreter.input('x')[i] = at(i);
    interpreter.input('k').fill(1.25);
    interpreter.run();
    for (const { name } of program.outputs) {
      const values = interpreter.output(name);
      expect(values.length).toBe(points);
      for (let i = 0; i < points; i++)
        expect(Math.abs(values[i]! / expected(name, at(i), 1.25) - 1), `${name} at ${i}`).toBeLessThan(1e-14);
    }
  });
});

test('single numbers give the same bits as vectors', () => {
  const interpreter = createInterpreter(program, 300, ['k']);
  for (let i = 0; i < 300; i++) interpreter.input('x')[i] = at(i);
  interpreter.input('k').fill(0.7);
  interpreter.run();
  const scalar = createScalar(program, ['unread', 'k', 'x']);
  const outputs = new Float64Array(program.outputs.length);
  for (const i of [0, 17, 299]) {
    scalar(Float64Array.of(99, 0.7, at(i)), outputs);
    for (const [index, { name }] of program.outputs.entries()) expect(outputs[index], name).toBe(interpreter.output(name)[i]);
  }
});

test('a second run sees changed inputs, and arrays stay the same ones', () => {
  const interpreter = createInterpreter(program, 3, ['k']);
  const [x, sum] = [interpreter.input('x'), interpreter.output('add')];
  for (const k of [1, 2]) {
    x.set([10 * k, 20, 30]);
    interpreter.input('k').fill(k);
    interpreter.run();
    expect([...sum]).toEqual([11 * k, 20 + k, 30 + k]);
  }
  expect(interpreter.output('add')).toBe(sum);
});

test('a bound array is read in place', () => {
  const interpreter = createInterpreter(program, 2, ['k']);
  const mine = Float64Array.of(1, 2);
  interpreter.bind('x', mine);
  interpreter.input('k').fill(1);
  interpreter.run();
  mine[0] = 5;
  interpreter.run();
  expect([...interpreter.output('add')]).toEqual([6, 3]);
  expect(() => interpreter.bind('x', new Float64Array(3))).toThrow('internal: input x has 3 values for 2 points');
});

test('names that the program does not have are a bug', () => {
  const interpreter = createInterpreter(program, 1);
  expect(() => interpreter.input('y')).toThrow('internal');
  expect(() => interpreter.output('y')).toThrow('internal');
  expect(() => createScalar(program, ['x'])).toThrow('internal: the program reads k');
});
