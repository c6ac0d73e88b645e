import { expect, test } from 'vitest';
import {
  add,
  constant,
  constantOf,
  createGraph,
  div,
  emit,
  input,
  inputsOf,
  mul,
  neg,
  power,
  replay,
  specialise,
  sub,
  unary,
} from '../../../worker/models/graph.ts';
import { createScalar } from '../../../worker/models/interpret.ts';

test('equal expressions are one node, whatever the order of a sum or product', () => {
  const graph = createGraph();
  const [x, y] = [input(graph, 'x'), input(graph, 'y')];
  expect(input(graph, 'x')).toBe(x);
  expect(add(graph, x, y)).toBe(add(graph, y, x));
  expect(mul(graph, x, y)).toBe(mul(graph, y, x));
  expect(sub(graph, x, y)).not.toBe(sub(graph, y, x));
  expect(unary(graph, 'exp', add(graph, x, y))).toBe(unary(graph, 'exp', add(graph, y, x)));
  expect(power(graph, x, 3)).toBe(power(graph, x, 3));
});

test('operations on constants are folded', () => {
  const graph = createGraph();
  const [two, three] = [constant(graph, 2), constant(graph, 3)];
  const folded = [
    add(graph, two, three),
    sub(graph, two, three),
    mul(graph, two, three),
    div(graph, two, three),
    power(graph, two, 3),
    neg(graph, two),
    unary(graph, 'exp', two),
  ];
  expect(folded.map((node) => constantOf(graph, node))).toEqual([5, -1, 6, 2 * (1 / 3), 8, -2, Math.exp(2)]);
});

test('plain identities leave nothing to compute', () => {
  const graph = createGraph();
  const [x, y, zero, one] = [input(graph, 'x'), input(graph, 'y'), constant(graph, 0), constant(graph, 1)];
  expect([
    add(graph, x, zero),
    add(graph, zero, x),
    sub(graph, x, zero),
    mul(graph, x, one),
    mul(graph, one, x),
    div(graph, x, one),
    power(graph, x, 1),
    neg(graph, neg(graph, x)),
  ]).toEqual(Array.from({ length: 8 }, () => x));
  expect([mul(graph, x, zero), sub(graph, x, x), div(graph, zero, x)]).toEqual([zero, zero, zero]);
  expect(power(graph, x, 0)).toBe(one);
  expect(sub(graph, zero, x)).toBe(neg(graph, x));
  expect(mul(graph, constant(graph, -1), x)).toBe(neg(graph, x));
  expect(add(graph, y, neg(graph, x))).toBe(sub(graph, y, x));
  expect(sub(graph, y, neg(graph, x))).toBe(add(graph, y, x));
  expect(neg(graph, sub(graph, y, x))).toBe(sub(graph, x, y));
  expect(power(graph, power(graph, x, 2), 3)).toBe(power(graph, x, 6));
  expect(mul(graph, constant(graph, 2), mul(graph, constant(graph, 3), x))).toBe(mul(graph, constant(graph, 6), x));
});

test('a program holds only what its outputs need, operands first, inputs in order of first use', () => {
  const graph = createGraph();
  const [x, y, unused] = [input(graph, 'x'), input(graph, 'y'), input(graph, 'unused')];
  unary(graph, 'exp', unused);
  const product = mul(graph, x, y);
  const program = emit(graph, [
    { name: 'sum', node: add(graph, product, x) },
    { name: 'product', node: product },
  ]);
  expect(program.inputs).toEqual(['x', 'y']);
  expect(program.code).toEqual([
    { op: 'input', name: 'x' },
    { op: 'input', name: 'y' },
    { op: 'mul', a: 0, b: 1 },
    { op: 'add', a: 0, b: 2 },
  ]);
  expect(program.outputs).toEqual([
    { name: 'sum', register: 3 },
    { name: 'product', register: 2 },
  ]);
});

test('a replayed program is the same nodes again', () => {
  const graph = createGraph();
  const node = unary(graph, 'tanh', mul(graph, input(graph, 'x'), input(graph, 'y')));
  const program = emit(graph, [{ name: 'z', node }]);
  expect(replay(graph, program)[program.outputs[0]!.register]).toBe(node);
});

test('a specialised program reads fewer inputs and gives the same value', () => {
  const graph = createGraph();
  const [x, a, b] = [input(graph, 'x'), input(graph, 'a'), input(graph, 'b')];
  const program = emit(graph, [{ name: 'y', node: add(graph, mul(graph, unary(graph, 'exp', a), x), div(graph, b, a)) }]);
  const special = specialise(program, { a: 2, b: 5 });
  expect(special.inputs).toEqual(['x']);
  expect(special.code.length).toBeLessThan(program.code.length);
  const [full, short] = [new Float64Array(1), new Float64Array(1)];
  createScalar(program, ['x', 'a', 'b'])(Float64Array.of(3, 2, 5), full);
  createScalar(special, ['x'])(Float64Array.of(3), short);
  expect(short[0]).toBeCloseTo(full[0]!, 13);
});

test('the inputs of a node are those that it is made of', () => {
  const graph = createGraph();
  const [x, y] = [input(graph, 'x'), input(graph, 'y')];
  expect([...inputsOf(graph, unary(graph, 'exp', x))]).toEqual(['x']);
  expect([...inputsOf(graph, sub(graph, mul(graph, x, y), mul(graph, y, x)))]).toEqual([]);
});

test('a power that is no integer is a bug', () => {
  const graph = createGraph();
  expect(() => power(graph, input(graph, 'x'), 0.5)).toThrow('internal');
});
