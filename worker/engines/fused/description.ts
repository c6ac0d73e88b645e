/**
 * The border to the compiled core: a shape and its members as one array of integers and one of numbers. core/description.hpp lists both in
 * order, reads them, and checks them in full; here they are written. Nothing of a model but its programs goes over: names become slots.
 */
import type { Model } from '../../models/model.ts';
import type { Instruction, Program } from '../../models/program.ts';
import type { Member, Shape } from '../engine.ts';
import { gridSize, layoutOf, segmentStarts, type Layout } from '../layout.ts';
import { priorWeight, rowWeights } from '../loss.ts';
import { corePrograms, linearNames, readNames, slotNames } from './core-programs.ts';

export interface Description {
  readonly ints: Int32Array;
  readonly reals: Float64Array;
}

/** DESCRIPTION_VERSION of description.hpp. */
const VERSION = 3;

/** Numbers of the core's enums. */
const ACTIVATIONS: readonly Shape['activation'][] = ['tanh', 'sin', 'swish', 'gelu'];
const WEIGHTINGS: readonly Member['weighting'][] = ['fixed', 'gradient-norm', 'self-adaptive'];
const OPCODES: readonly Instruction['op'][] = [
  'input',
  'constant',
  'power',
  'add',
  'sub',
  'mul',
  'div',
  'neg',
  'exp',
  'log',
  'sqrt',
  'tanh',
  'sinh',
  'cosh',
  'exprel',
  'exprelSlope',
];

export function describeCohort(shape: Shape, members: readonly Member[]): Description {
  const layout = layoutOf(shape);
  const ints: number[] = [];
  const reals: number[] = [];
  writeShape(shape, layout, members.length, ints, reals);
  const slots = slotNames(shape);
  for (const program of corePrograms(shape)) writeProgram(program, slots, ints, reals);
  for (const member of members) writeMember(shape, layout, member, ints, reals);
  return { ints: Int32Array.from(ints), reals: Float64Array.from(reals) };
}

function writeShape(shape: Shape, layout: Layout, replicas: number, ints: number[], reals: number[]): void {
  const { model, infer } = shape;
  const linear = linearNames(shape);
  ints.push(VERSION, Number(shape.states === 'integrated'), ACTIVATIONS.indexOf(shape.activation));
  ints.push(gridSize(shape), shape.samples, shape.features, shape.depth, shape.width);
  ints.push(Number(layout.encoders.length > 0), Number(shape.factorisation === 'random-weight'), Number(layout.scaleOffset >= 0));
  ints.push(model.gates.length, infer.length, otherNames(shape).length, linear.length, layout.freeGates.length);
  const read = readNames(shape);
  ints.push(shape.segments, shape.priors, read.length, replicas);
  for (const { positive } of layout.parameters) ints.push(Number(positive));
  for (const { name } of model.gates) ints.push(layout.freeGates.indexOf(name));
  for (const { positive } of model.gates) ints.push(Number(positive));
  for (const name of read) ints.push(model.gates.findIndex((gate) => gate.name === name));
  for (const name of linear) ints.push(infer.indexOf(name));
  for (const { range } of [...layout.parameters, ...model.gates]) reals.push(...range);
}

/** Parameters that are not inferred, in the model's order. */
function otherNames({ model, infer }: Shape): string[] {
  return model.parameters.map(({ name }) => name).filter((name) => !infer.includes(name));
}

function writeProgram({ code, outputs }: Program, slots: readonly string[], ints: number[], reals: number[]): void {
  const constants: number[] = [];
  ints.push(code.length, code.filter(({ op }) => op === 'constant').length, outputs.length);
  for (const instruction of code) ints.push(OPCODES.indexOf(instruction.op), ...operandsOf(instruction, slots, constants));
  for (const { register } of outputs) ints.push(register);
  reals.push(...constants);
}

function operandsOf(instruction: Instruction, slots: readonly string[], constants: number[]): [number, number] {
  switch (instruction.op) {
    case 'input': {
      const slot = slots.indexOf(instruction.name);
      if (slot < 0) throw new Error(`internal: a program reads ${instruction.name}, which has no slot`);
      return [slot, 0];
    }
    case 'constant':
      return [constants.push(instruction.value) - 1, 0];
    case 'power':
      return [instruction.a, instruction.exponent];
    default:
      return [instruction.a, 'b' in instruction ? instruction.b : 0];
  }
}

function writeMember(shape: Shape, layout: Layout, member: Member, ints: number[], reals: number[]): void {
  const points = gridSize(shape);
  const rows = rowWeights(shape, member, { data: shape.samples, current: points, gates: points });
  expectLength('grid', member.grid, points);
  expectLength('segments', member.segments, shape.segments);
  expectLength('priors', member.priors, shape.priors);
  expectLength('sampleAt', member.sampleAt, shape.samples);
  expectLength('voltageMv', member.voltageMv, shape.samples);
  expectLength('current', member.current, points);
  expectLength('drivenMv', member.drivenMv, points);
  expectLength('drivenRate', member.drivenRate, points);
  expectLength('frequencies', member.frequencies, shape.features);
  expectLength('theta', member.theta, layout.size);
  ints.push(Number(member.noise === 'estimated'), WEIGHTINGS.indexOf(member.weighting));
  append(ints, segmentStarts(member));
  append(ints, member.sampleAt);
  for (const { parameter, logarithmic } of member.priors) ints.push(parameter, Number(logarithmic));
  const { frequencies, grid, voltageMv, current, drivenMv, drivenRate } = member;
  for (const part of [frequencies, grid, voltageMv, current, drivenMv, drivenRate, rows]) append(reals, part);
  for (const name of otherNames(shape)) reals.push(fixedValue(member, name, shape.model));
  reals.push(member.weights.data, member.weights.current, member.weights.gates, member.huberMv, priorWeight(member));
  for (const { centre, sd } of member.priors) reals.push(centre, sd);
  append(reals, member.theta);
}

function expectLength(name: string, values: ArrayLike<unknown>, length: number): void {
  if (values.length !== length) throw new Error(`internal: ${name} must have ${length} values, but has ${values.length}`);
}

function fixedValue({ fixed }: Member, name: string, model: Model): number {
  const value = fixed[name];
  if (value === undefined) throw new Error(`internal: no value for ${name} of ${model.name}`);
  return value;
}

/** Not by spreading: a recording may have more samples than a call may have arguments. */
function append(to: number[], values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) to.push(values[i]!);
}
