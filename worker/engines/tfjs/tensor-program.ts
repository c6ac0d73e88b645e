/**
 * Executes a straight-line program as float32 tensor operations: one table from opcodes to operations, all points of all replicas of a
 * cohort in one tensor. Inputs broadcast: [R, M] per point, [R, 1] per replica.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Instruction, Program, UnaryOpcode, BinaryOpcode } from '../../models/program.ts';

type Values = Readonly<Record<string, tf.Tensor>>;

/**
 * Beyond this exp and what grows like it stay as they are: it is nearly the largest that float32 holds. Exponentials stand in denominators,
 * 1 / (1 + exp(u)): where one is infinite the slope is 0 times infinity, which a gate 1 mV wide meets on every spike.
 */
const HIGHEST = 88;

const UNARY: Readonly<Record<UnaryOpcode, (a: tf.Tensor) => tf.Tensor>> = {
  neg: (a) => tf.neg(a),
  exp: (a) => tf.exp(tf.minimum(a, HIGHEST)),
  log: (a) => tf.log(a),
  sqrt: (a) => tf.sqrt(a),
  tanh: (a) => tf.tanh(a),
  sinh: (a) => tf.sinh(tf.clipByValue(a, -HIGHEST, HIGHEST)),
  cosh: (a) => tf.cosh(tf.clipByValue(a, -HIGHEST, HIGHEST)),
  exprel,
  exprelSlope,
};

const BINARY: Readonly<Record<BinaryOpcode, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor>> = {
  add: (a, b) => tf.add(a, b),
  sub: (a, b) => tf.sub(a, b),
  mul: (a, b) => tf.mul(a, b),
  div: (a, b) => tf.div(a, b),
};

/** A program with its constants on the device. Close it to free them. */
export class TensorProgram {
  private readonly program: Program;
  private readonly constants: ReadonlyMap<number, tf.Tensor>;

  constructor(program: Program) {
    this.program = program;
    this.constants = new Map(
      program.code.flatMap((instruction, r) => (instruction.op === 'constant' ? [[r, tf.scalar(instruction.value)]] : [])),
    );
  }

  /** Values of all outputs. Call inside tf.tidy; an output that is a constant is a scalar that belongs to the program. */
  run(inputs: Values): Record<string, tf.Tensor> {
    const registers: tf.Tensor[] = [];
    for (const [r, instruction] of this.program.code.entries())
      registers.push(this.constants.get(r) ?? execute(instruction, registers, inputs));
    return Object.fromEntries(this.program.outputs.map(({ name, register }) => [name, registers[register]!]));
  }

  isConstant(output: string): boolean {
    const register = this.program.outputs.find(({ name }) => name === output)?.register;
    return register !== undefined && this.constants.has(register);
  }

  close(): void {
    for (const constant of this.constants.values()) constant.dispose();
  }
}

function execute(instruction: Instruction, registers: readonly tf.Tensor[], inputs: Values): tf.Tensor {
  switch (instruction.op) {
    case 'input': {
      const tensor = inputs[instruction.name];
      if (tensor === undefined) throw new Error(`internal: no tensor for input ${instruction.name}`);
      return tensor;
    }
    case 'constant':
      throw new Error('internal: constants are made beforehand');
    case 'power':
      return integerPower(registers[instruction.a]!, instruction.exponent);
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
      return BINARY[instruction.op](registers[instruction.a]!, registers[instruction.b]!);
    default:
      return UNARY[instruction.op](registers[instruction.a]!);
  }
}

/** By repeated squaring; the pow kernel takes 50 times as long and loses negative bases. */
function integerPower(a: tf.Tensor, exponent: number): tf.Tensor {
  if (exponent === 1) return a;
  const half = tf.square(integerPower(a, Math.floor(exponent / 2)));
  return exponent % 2 === 0 ? half : tf.mul(half, a);
}

/** Added to x it is lost in float32, except at x = 0, where it keeps x / x defined. */
const NEAR_ZERO = 1e-30;

/** (exp(x) - 1) / x */
function exprel(x: tf.Tensor): tf.Tensor {
  const shifted = tf.add(x, NEAR_ZERO);
  return tf.div(tf.expm1(tf.minimum(shifted, HIGHEST)), shifted);
}

/** d ln exprel / dx = 1/2 + x/12 - x^3/720 + ... (Bernoulli numbers); the first term left out is 2e-8 at |x| = 1. */
const LOG_SLOPE_SERIES = [1 / 12, -1 / 720, 1 / 30240, -1 / 1209600] as const;

/**
 * exprel(x) times its logarithmic derivative 1 / (1 - exp(-x)) - 1 / x, by its series within |x| < 1, where the difference cancels.
 * The branch not taken is computed too: its argument is moved away from 0 so that it stays finite.
 */
function exprelSlope(x: tf.Tensor): tf.Tensor {
  const near = tf.less(tf.abs(x), 1);
  const far = tf.where(near, tf.onesLike(x), x);
  const square = tf.square(x);
  const [c0, c1, c2, c3] = LOG_SLOPE_SERIES;
  const odd = tf.add(tf.mul(tf.add(tf.mul(tf.add(tf.mul(square, c3), c2), square), c1), square), c0);
  const series = tf.add(tf.mul(odd, x), 0.5);
  const closed = tf.sub(tf.div(-1, tf.expm1(tf.neg(far))), tf.div(1, far));
  return tf.mul(exprel(x), tf.where(near, series, closed));
}
