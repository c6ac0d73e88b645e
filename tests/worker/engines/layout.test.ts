/** Places in theta, and how a number of theta becomes a parameter within its range or a gate. */
import { describe, expect, test } from 'vitest';
import {
  gateSlope,
  gateToTheta,
  heldBySecondOrder,
  inferredParameters,
  inferredValues,
  innerRange,
  layoutOf,
  parameterSlope,
  parameterToTheta,
  thetaToGate,
  thetaToParameter,
} from '../../../worker/engines/layout.ts';
import type { Parameter } from '../../../worker/models/model.ts';
import { shapeOf } from '../../helpers/engine-cohorts.ts';

const POSITIVE: Parameter = { name: 'g', unit: 'nS', value: 10, range: [0.1, 1000], positive: true, start: 10 };
const SIGNED: Parameter = { name: 'E', unit: 'mV', value: -60, range: [-100, -20], positive: false, start: -60 };
const THETAS = [-1.7, -0.4, 0, 0.3, 1.8];

describe.each([POSITIVE, SIGNED])('parameter $name', (parameter) => {
  test('comes back from theta', () => {
    const [low, high] = innerRange(parameter);
    for (const share of [0, 0.1, 0.5, 0.9, 1]) {
      const value = parameter.positive ? low ** (1 - share) * high ** share : low + share * (high - low);
      expect(thetaToParameter(parameter, parameterToTheta(parameter, value)) / value).toBeCloseTo(1, 12);
    }
  });

  test('stays within its range whatever theta is', () => {
    for (const theta of [-1e9, -20, 20, 1e9]) {
      const value = thetaToParameter(parameter, theta);
      expect(value >= parameter.range[0] * (1 - 1e-12) - 1e-9 && value <= parameter.range[1] + 1e-9).toBe(true);
    }
  });

  test('beyond an end is taken to where the slope still lets it move', () => {
    const [low, high] = innerRange(parameter);
    for (const [asked, got] of [
      [parameter.range[0], low],
      [parameter.range[1], high],
      [parameter.range[1] * 1e3 + 1e6, high],
    ] as const) {
      const theta = parameterToTheta(parameter, asked);
      expect(thetaToParameter(parameter, theta) / got).toBeCloseTo(1, 12);
      expect(Math.abs(parameterSlope(parameter, theta))).toBeGreaterThan(0);
    }
  });

  test('has the slope of finite differences', () => {
    for (const theta of THETAS) {
      const difference = (thetaToParameter(parameter, theta + 1e-6) - thetaToParameter(parameter, theta - 1e-6)) / 2e-6;
      expect(parameterSlope(parameter, theta) / difference).toBeCloseTo(1, 8);
    }
  });
});

test('a gate comes back from theta, with the slope of finite differences', () => {
  for (const gate of [1e-4, 0.2, 0.5, 0.99]) expect(thetaToGate(gateToTheta(gate))).toBeCloseTo(gate, 13);
  expect(thetaToGate(gateToTheta(0))).toBeCloseTo(1e-4, 12);
  for (const theta of THETAS) expect(gateSlope(theta)).toBeCloseTo((thetaToGate(theta + 1e-6) - thetaToGate(theta - 1e-6)) / 2e-6, 9);
});

test('places follow each other without a gap', () => {
  for (const states of ['network', 'integrated'] as const) {
    const shape = shapeOf('hodgkin-huxley', { states, depth: 3, width: 5, features: 2 });
    const { layers, networkSize, parameterOffset, freeGateOffset, freeGates, size } = layoutOf(shape);
    let offset = 0;
    for (const { inputs, outputs, weights, biases } of layers) {
      expect([weights, biases]).toEqual([offset, offset + inputs * outputs]);
      offset += (inputs + 1) * outputs;
    }
    expect(layers.map(({ inputs }) => inputs)).toEqual([4, 5, 5, 5]);
    expect(layers.at(-1)!.outputs).toBe(states === 'network' ? 4 : 1);
    expect([networkSize, parameterOffset, freeGateOffset]).toEqual([offset, offset, offset + 3]);
    expect(size).toBe(freeGateOffset + freeGates.length);
    expect(states === 'network' ? freeGates : freeGates.length > 0).toEqual(states === 'network' ? [] : true);
  }
});

test('inferred parameters are the same by name and in order', () => {
  const layout = layoutOf(shapeOf('hodgkin-huxley'));
  const theta = Float64Array.from({ length: layout.size }, (_, i) => Math.sin(i));
  expect([...inferredValues(layout, theta)]).toEqual(layout.parameters.map(({ name }) => inferredParameters(layout, theta)[name]));
});

describe('the layout of variants', () => {
  const shape = { depth: 2, width: 3, features: 2, infer: ['gNa', 'gK'] };
  const plain = layoutOf(shapeOf('hodgkin-huxley', shape));

  test('has no places for what there is not', () => {
    expect(plain.encoders).toEqual([]);
    expect(plain.scaleOffset).toBe(-1);
    expect(plain.layers.map(({ scales }) => scales)).toEqual([-1, -1, -1]);
    expect(heldBySecondOrder(plain)).toEqual([]);
  });

  test('fills theta without gaps: layers with their factors, encoders, parameters, free gates, scale', () => {
    const full = layoutOf(
      shapeOf('hodgkin-huxley', {
        ...shape,
        states: 'integrated',
        architecture: 'modified-mlp',
        factorisation: 'random-weight',
        scale: 'trainable',
        initialGates: 'free',
      }),
    );
    let next = 0;
    for (const { inputs, outputs, weights, biases, scales } of [...full.layers, ...full.encoders]) {
      expect([weights, biases, scales]).toEqual([next, next + inputs * outputs, next + (inputs + 1) * outputs]);
      next += (inputs + 2) * outputs;
    }
    expect(full.encoders.map(({ inputs, outputs }) => [inputs, outputs])).toEqual([
      [4, 3],
      [4, 3],
    ]);
    expect([full.networkSize, full.parameterOffset]).toEqual([next, next]);
    expect([full.freeGateOffset, full.scaleOffset, full.size]).toEqual([next + 2, next + 5, next + 6]);
    expect(full.freeGates).toEqual(['m', 'h', 'n']);
    expect(heldBySecondOrder(full)).toEqual([
      ...[...full.layers, ...full.encoders].map(({ scales, outputs }) => [scales, scales + outputs]),
      [next + 5, next + 6],
    ]);
  });

  test('takes initial gates from the model, or all free, or none', () => {
    const free = (['model', 'free', 'steady'] as const).map(
      (initialGates) => layoutOf(shapeOf('hodgkin-huxley', { states: 'integrated', initialGates })).freeGates,
    );
    expect(free).toEqual([['h', 'n'], ['m', 'h', 'n'], []]);
  });
});
