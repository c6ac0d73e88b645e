import { expect, test } from 'vitest';
import { layoutOf } from '../../../../worker/engines/layout.ts';
import { beginningOf, gateLevels, outputsOf, readBy } from '../../../../worker/engines/webgpu/gate-levels.ts';
import { compileModel } from '../../../../worker/models/compile.ts';
import { POOLS } from '../../../helpers/model-text.ts';
import { shapeOf } from '../../../helpers/engine-cohorts.ts';

const model = compileModel(POOLS, 'pools');
const place = (name: string): number => model.gates.findIndex((gate) => gate.name === name);

test('a gate that reads others is of the level behind the last of them', () => {
  const levels = gateLevels(model);
  expect(levels.map(({ gates }) => gates.map((g) => model.gates[g]!.name))).toEqual([['m'], ['Ca'], ['p']]);
  expect(levels.map(({ reads }) => reads.map(({ name }) => name))).toEqual([[], ['m'], ['Ca']]);
  expect(['m', 'Ca', 'p'].map((name) => readBy(model, place(name)))).toEqual([true, true, false]);
  const { model: plain } = shapeOf('hodgkin-huxley');
  expect(gateLevels(plain)).toEqual([{ gates: [0, 1, 2], reads: [] }]);
});

test('a gate that reads others begins where all come to rest, or is free', () => {
  const shape = { ...shapeOf('hodgkin-huxley', { states: 'integrated', infer: [] }), model };
  const beginnings = (of: typeof shape): string[] => model.gates.map((_, g) => beginningOf(of, layoutOf(of), g));
  expect(beginnings({ ...shape, initialGates: 'steady' })).toEqual(['steady', 'at-rest', 'at-rest']);
  expect(beginnings({ ...shape, initialGates: 'model' })).toEqual(['steady', 'at-rest', 'free']);
  expect(beginnings({ ...shape, initialGates: 'free' })).toEqual(['free', 'free', 'free']);
});

test('the part of a program for some gates has their outputs, and no input that only others need', () => {
  const part = outputsOf(model.gateRates, ['p']);
  expect(part.outputs.map(({ name }) => name)).toEqual(['inf:p', 'rate:p']);
  expect(part.inputs.toSorted()).toEqual(['Ca', 'V']);
});
