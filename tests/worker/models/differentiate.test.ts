import { describe, expect, test } from 'vitest';
import { derivative, differentiate, partials } from '../../../worker/models/differentiate.ts';
import { add, createGraph, div, emit, input, mul, neg, power, sub, unary } from '../../../worker/models/graph.ts';
import { evaluateProgram } from '../../../worker/models/interpret.ts';
import { builtinModels, loadModel } from '../../../worker/models/library.ts';
import type { Program } from '../../../worker/models/program.ts';

/**
 * Central differences extrapolated once (Richardson): 4/3 D(h/2) - 1/3 D(h) with h = 1e-3 of the input's scale. The truncation left is
 * of order h^4 = 1e-12 of the derivative's scale, rounding 1e-16 / h = 1e-13 of the value's: together below 1e-9.
 */
function numericPartial(program: Program, values: Readonly<Record<string, number>>, output: string, name: string): number {
  const x = values[name]!;
  const h = 1e-3 * (x === 0 ? 1 : Math.abs(x));
  const difference = (step: number): number =>
    (evaluateProgram(program, { ...values, [name]: x + step })[output]! -
      evaluateProgram(program, { ...values, [name]: x - step })[output]!) /
    (2 * step);
  return (4 * difference(h / 2) - difference(h)) / 3;
}

const PROGRAMS = ['derivatives', 'currentResidual', 'gateResiduals', 'gateRates', 'steadyStates'] as const;

/** Voltages of rest, threshold and spike, and those where rates are 0/0 in their textbook form (-40, -55; VT + 13, + 15, + 40 = -43.2, -41.2, -16.2). */
const VOLTAGES = [-91.3, -65, -55, -43.2, -41.2, -40, -16.2, 17.7, 44.1];

describe.each(builtinModels())('gradients of %s', (name) => {
  const { model } = loadModel(name, '.');
  const point = (V: number): Record<string, number> => ({
    V,
    I: 3.2,
    'd:V': -7.7,
    ...Object.fromEntries(
      model.gates.flatMap((gate, index) => [
        [gate.name, 0.2 + 0.15 * index],
        [`d:${gate.name}`, 0.3 - 0.2 * index],
      ]),
    ),
    ...Object.fromEntries(model.parameters.map((parameter) => [parameter.name, parameter.value])),
  });

  test.each(PROGRAMS)('%s: every partial derivative equals the extrapolated central difference', (key) => {
    const program = model[key];
    const jacobian = partials(program, program.inputs);
    for (const V of VOLTAGES) {
      const values = point(V);
      const exact = evaluateProgram(jacobian, values);
      const scale = evaluateProgram(program, values);
      for (const { name: output } of program.outputs)
        for (const wrt of program.inputs) {
          const numeric = numericPartial(program, values, output, wrt);
          const tolerance = 1e-9 * (Math.abs(numeric) + Math.abs(scale[output]!) + 1e-3);
          expect(Math.abs(exact[`partial:${output}:${wrt}`]! - numeric), `d ${output} / d ${wrt} at ${V} mV`).toBeLessThan(tolerance);
        }
    }
  });

  test.each(PROGRAMS)('%s: adjoints are the partials weighted by the outputs’ adjoints', (key) => {
    const program = model[key];
    const seeds = Object.fromEntries(program.outputs.map((output, index) => [`adjoint:${output.name}`, 0.7 - 0.4 * index]));
    const values = point(-52.4);
    const adjoints = evaluateProgram(differentiate(program, program.inputs), { ...values, ...seeds });
    const jacobian = evaluateProgram(partials(program, program.inputs), values);
    for (const wrt of program.inputs) {
      const terms = program.outputs.map((output) => seeds[`adjoint:${output.name}`]! * jacobian[`partial:${output.name}:${wrt}`]!);
      const sum = terms.reduce((a, b) => a + b, 0);
      const size = terms.reduce((a, b) => a + Math.abs(b), 0);
      // Both are exact but for the order of summation, and for terms that cancel within one of them.
      expect(Math.abs(adjoints[`adjoint:${wrt}`]! - sum)).toBeLessThanOrEqual(1e-13 * size + 1e-15);
    }
  });
});

test('every opcode has its derivative', () => {
  const graph = createGraph();
  const [x, y] = [input(graph, 'x'), input(graph, 'y')];
  const nodes = {
    add: add(graph, x, y),
    sub: sub(graph, y, x),
    mul: mul(graph, x, mul(graph, x, y)),
    div: div(graph, y, x),
    neg: neg(graph, mul(graph, x, x)),
    power: power(graph, x, 5),
    ...Object.fromEntries(
      (['exp', 'log', 'sqrt', 'tanh', 'sinh', 'cosh', 'exprel'] as const).map((op) => [op, unary(graph, op, mul(graph, x, y))]),
    ),
  };
  const program = emit(
    graph,
    Object.entries(nodes).map(([name, node]) => ({ name, node })),
  );
  const values = { x: 0.83, y: 1.9 };
  const exact = evaluateProgram(partials(program, ['x', 'y']), values);
  for (const output of Object.keys(nodes))
    for (const wrt of ['x', 'y'])
      expect(exact[`partial:${output}:${wrt}`], `d ${output} / d ${wrt}`).toBeCloseTo(numericPartial(program, values, output, wrt), 9);
});

test('what an output does not depend on has the constant 0 as its derivative', () => {
  const graph = createGraph();
  const program = emit(graph, [{ name: 'z', node: unary(graph, 'exp', input(graph, 'x')) }]);
  expect(evaluateProgram(differentiate(program, ['absent']), {})).toEqual({ 'adjoint:absent': 0 });
  expect(partials(program, ['absent']).code).toEqual([{ op: 'constant', value: 0 }]);
});

test('a derivative shares the subexpressions of its value', () => {
  const graph = createGraph();
  const node = unary(graph, 'exp', input(graph, 'x'));
  const program = emit(graph, [
    { name: 'value', node },
    { name: 'slope', node: derivative(graph, node, 'x') },
  ]);
  expect(program.code).toHaveLength(2);
});

test('exprelSlope is not differentiated again', () => {
  const graph = createGraph();
  const program = emit(graph, [{ name: 'z', node: unary(graph, 'exprelSlope', input(graph, 'x')) }]);
  expect(() => partials(program, ['x'])).toThrow('internal');
});
