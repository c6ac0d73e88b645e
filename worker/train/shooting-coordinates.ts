/**
 * What shooting varies, as a vector of free numbers: inferred parameters in the engines' own coordinates (tanh within the range), V(0) in
 * mV, free gates as logits of their share of the range.
 */
import { shareOfValue, slopeByShare, valueAtShare } from '../engines/gate-range.ts';
import { gateSlope, gateToTheta, parameterSlope, parameterToTheta, thetaToGate, thetaToParameter } from '../engines/layout.ts';
import type { Model } from '../models/model.ts';
import { parameterNamed } from '../models/parameter-values.ts';

export interface Coordinates {
  readonly size: number;
  /** In the model's units, parameters before initial values. */
  toValues(theta: Float64Array): Float64Array;
  /** d value / d theta, element by element. */
  slopes(theta: Float64Array): Float64Array;
  /** Values beyond what a coordinate can hold are taken to just inside it. */
  toTheta(values: Float64Array): Float64Array;
}

interface Coordinate {
  value(theta: number): number;
  slope(theta: number): number;
  theta(value: number): number;
}

const VOLTAGE: Coordinate = { value: (theta) => theta, slope: () => 1, theta: (value) => value };

export function shootingCoordinates(model: Model, infer: readonly string[], freeInitial: readonly string[]): Coordinates {
  const each = [
    ...infer.map((name) => parameterCoordinate(model, name)),
    ...freeInitial.map((name) => (name === 'V' ? VOLTAGE : gateCoordinate(model, name))),
  ];
  return {
    size: each.length,
    toValues: (theta) => theta.map((value, k) => each[k]!.value(value)),
    slopes: (theta) => theta.map((value, k) => each[k]!.slope(value)),
    toTheta: (values) => values.map((value, k) => each[k]!.theta(value)),
  };
}

function parameterCoordinate(model: Model, name: string): Coordinate {
  const parameter = parameterNamed(model, name);
  return {
    value: (theta) => thetaToParameter(parameter, theta),
    slope: (theta) => parameterSlope(parameter, theta),
    theta: (value) => parameterToTheta(parameter, value),
  };
}

function gateCoordinate({ name: model, gates }: Model, name: string): Coordinate {
  const gate = gates.find((candidate) => candidate.name === name);
  if (gate === undefined) throw new Error(`internal: model ${model} has no gate ${name}`);
  const value = (theta: number): number => valueAtShare(gate, thetaToGate(theta));
  return {
    value,
    slope: (theta) => slopeByShare(gate, value(theta)) * gateSlope(theta),
    theta: (x) => gateToTheta(shareOfValue(gate, x)),
  };
}
