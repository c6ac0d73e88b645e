import { expect, test } from 'vitest';
import { add, createGraph, emit, input, mul, sub, unary } from '../../../worker/models/graph.ts';
import { createScalar } from '../../../worker/models/interpret.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { linearParameters, linearParts } from '../../../worker/models/linear.ts';
import type { Program } from '../../../worker/models/program.ts';

const RESIDUAL = 'residual:V';
const hodgkinHuxley = loadModel('hodgkin-huxley', '.').model;
const pospischil = loadModel('pospischil-rs', '.').model;

test('the balance is linear in the conductances and the capacitance, not then in reversal potentials', () => {
  const all = hodgkinHuxley.parameters.map(({ name }) => name);
  expect(linearParameters(hodgkinHuxley.currentResidual, RESIDUAL, all)).toEqual(['gNa', 'gK', 'gL', 'C']);
  const whole = pospischil.parameters.map(({ name }) => name);
  expect(linearParameters(pospischil.currentResidual, RESIDUAL, whole)).toEqual(['gNa', 'gK', 'gM', 'gL', 'C']);
});

test('candidates are taken in their order: a reversal potential first keeps its conductance out', () => {
  expect(linearParameters(hodgkinHuxley.currentResidual, RESIDUAL, ['ENa', 'gNa', 'gK'])).toEqual(['ENa', 'gK']);
});

test('what the residual does not depend on is no linear parameter', () => {
  expect(linearParameters(pospischil.currentResidual, RESIDUAL, ['VT', 'taumax', 'gL'])).toEqual(['gL']);
});

test('squares, products of two candidates and functions are not linear', () => {
  const graph = createGraph();
  const [a, b, c, d] = [input(graph, 'a'), input(graph, 'b'), input(graph, 'c'), input(graph, 'd')];
  const node = add(graph, add(graph, mul(graph, a, a), mul(graph, b, c)), unary(graph, 'exp', d));
  expect(linearParameters(emit(graph, [{ name: 'r', node }]), 'r', ['a', 'b', 'c', 'd'])).toEqual(['b']);
});

function evaluate(program: Program, values: Readonly<Record<string, number>>): number[] {
  const outputs = new Float64Array(program.outputs.length);
  createScalar(program, Object.keys(values))(Float64Array.from(Object.values(values)), outputs);
  return [...outputs];
}

test('constant and slopes put together are the residual', () => {
  const names = ['gNa', 'gK', 'gL', 'C'];
  const values = { V: -31, m: 0.4, h: 0.3, n: 0.5, 'd:V': 12, I: 10, ENa: 51, EK: -76, EL: -50, gNa: 88, gK: 44, gL: 0.7, C: 1.3 };
  const parts = linearParts(hodgkinHuxley.currentResidual, RESIDUAL, names);
  expect(parts.outputs.map(({ name }) => name)).toEqual(['constant', 'slope:gNa', 'slope:gK', 'slope:gL', 'slope:C']);
  expect(parts.inputs.filter((name) => names.includes(name))).toEqual([]);
  const [constant = Number.NaN, ...slopes] = evaluate(parts, values);
  const sum = constant + slopes[0]! * 88 + slopes[1]! * 44 + slopes[2]! * 0.7 + slopes[3]! * 1.3;
  const [whole = Number.NaN] = evaluate(hodgkinHuxley.currentResidual, values);
  expect(Math.abs(sum - whole)).toBeLessThan(1e-12 * Math.abs(whole));
});

test('parts of what is not linear are a bug', () => {
  const graph = createGraph();
  const program = emit(graph, [{ name: 'r', node: sub(graph, mul(graph, input(graph, 'g'), input(graph, 'E')), input(graph, 'I')) }]);
  expect(() => linearParts(program, 'r', ['g', 'E'])).toThrow('internal: r is not jointly linear in g, E');
});
