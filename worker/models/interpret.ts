/**
 * Executes programs in float64: over vectors of points (the reference engine, residuals, Jacobians) and on single numbers (the
 * right-hand side of the ODE). Plain loops; all memory is taken when the executor is made, none while it runs.
 */
import { applyBinary, applyUnary, exprel, exprelSlope, integerPower, operands } from './opcodes.ts';
import type { Instruction, Program } from './program.ts';

/** Points per pass: a program of some hundred registers then stays in the second-level cache. */
const BLOCK = 256;

export interface Interpreter {
  readonly points: number;
  /** The array that the program reads an input from: length points, or 1 where it is uniform. Write into it before `run`. */
  input(name: string): Float64Array;
  /** Read an input from the caller's own array from now on, without a copy: length points, or 1 where it is uniform. */
  bind(name: string, values: Float64Array): void;
  /** Values of an output after `run`; length points, also where it is uniform. The same array every time. */
  output(name: string): Float64Array;
  run(): void;
}

/** An executor over `points` points. Inputs in `uniform` are one number for all points; what depends on them alone is computed once. */
export function createInterpreter(program: Program, points: number, uniform: readonly string[] = []): Interpreter {
  const width = Math.max(1, Math.min(BLOCK, points));
  const registers = program.code.map(() => new Float64Array(width));
  const varying = varyingRegisters(program.code, new Set(uniform));
  const inputs = new Map<string, Float64Array>(program.inputs.map((name) => [name, new Float64Array(uniform.includes(name) ? 1 : points)]));
  const outputs = new Map(program.outputs.map(({ name }) => [name, new Float64Array(points)]));
  const find = (arrays: ReadonlyMap<string, Float64Array>, name: string): Float64Array => {
    const array = arrays.get(name);
    if (array === undefined) throw new Error(`internal: the program has no input or output ${name}`);
    return array;
  };
  const copies = program.outputs.map(({ name, register }) => ({ to: find(outputs, name), from: registers[register]! }));

  const runUniform = (): void => {
    for (let r = 0; r < program.code.length; r++) if (!varying[r]) registers[r]!.fill(scalarValue(program.code[r]!, registers, inputs));
  };
  const runBlock = (start: number, n: number): void => {
    for (let r = 0; r < program.code.length; r++) if (varying[r]) execute(program.code[r]!, registers, r, inputs, start, n);
    for (const { to, from } of copies) for (let i = 0; i < n; i++) to[start + i] = from[i]!;
  };
  return {
    points,
    input: (name) => find(inputs, name),
    bind: (name, values) => {
      const expected = find(inputs, name).length;
      if (values.length !== expected) throw new Error(`internal: input ${name} has ${values.length} values for ${expected} points`);
      inputs.set(name, values);
    },
    output: (name) => find(outputs, name),
    run: () => {
      runUniform();
      for (let start = 0; start < points; start += width) runBlock(start, Math.min(width, points - start));
    },
  };
}

/** Registers that differ between points: made, somewhere, of an input that is not uniform. */
function varyingRegisters(code: readonly Instruction[], uniform: ReadonlySet<string>): boolean[] {
  const varying: boolean[] = [];
  for (const instruction of code)
    varying.push(instruction.op === 'input' ? !uniform.has(instruction.name) : operands(instruction).some((register) => varying[register]));
  return varying;
}

function scalarValue(instruction: Instruction, registers: readonly Float64Array[], inputs: ReadonlyMap<string, Float64Array>): number {
  switch (instruction.op) {
    case 'input':
      return inputs.get(instruction.name)![0]!;
    case 'constant':
      return instruction.value;
    case 'power':
      return integerPower(registers[instruction.a]![0]!, instruction.exponent);
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
      return applyBinary(instruction.op, registers[instruction.a]![0]!, registers[instruction.b]![0]!);
    default:
      return applyUnary(instruction.op, registers[instruction.a]![0]!);
  }
}

/** One instruction over n points that start at `start` of the inputs. */
function execute(
  instruction: Instruction,
  registers: readonly Float64Array[],
  r: number,
  inputs: ReadonlyMap<string, Float64Array>,
  start: number,
  n: number,
): void {
  const out = registers[r]!;
  if (instruction.op === 'input') {
    const from = inputs.get(instruction.name)!;
    for (let i = 0; i < n; i++) out[i] = from[start + i]!;
  } else if ('b' in instruction) executeBinary(instruction.op, out, registers[instruction.a]!, registers[instruction.b]!, n);
  else if ('a' in instruction) executeUnary(instruction, out, registers[instruction.a]!, n);
}

function executeBinary(op: 'add' | 'sub' | 'mul' | 'div', out: Float64Array, a: Float64Array, b: Float64Array, n: number): void {
  switch (op) {
    case 'add':
      for (let i = 0; i < n; i++) out[i] = a[i]! + b[i]!;
      return;
    case 'sub':
      for (let i = 0; i < n; i++) out[i] = a[i]! - b[i]!;
      return;
    case 'mul':
      for (let i = 0; i < n; i++) out[i] = a[i]! * b[i]!;
      return;
    case 'div':
      for (let i = 0; i < n; i++) out[i] = a[i]! / b[i]!;
      return;
    default:
      op satisfies never;
  }
}

/** One loop per opcode, so that each is compiled for its one operation. */
function executeUnary(instruction: Extract<Instruction, { a: number }>, out: Float64Array, a: Float64Array, n: number): void {
  switch (instruction.op) {
    case 'neg':
      for (let i = 0; i < n; i++) out[i] = -a[i]!;
      return;
    case 'exp':
      for (let i = 0; i < n; i++) out[i] = Math.exp(a[i]!);
      return;
    case 'exprel':
      for (let i = 0; i < n; i++) out[i] = exprel(a[i]!);
      return;
    case 'exprelSlope':
      for (let i = 0; i < n; i++) out[i] = exprelSlope(a[i]!);
      return;
    case 'power':
      executePower(instruction.exponent, out, a, n);
      return;
    case 'log':
    case 'sqrt':
    case 'tanh':
    case 'sinh':
    case 'cosh':
      for (let i = 0; i < n; i++) out[i] = applyUnary(instruction.op, a[i]!);
      return;
    default:
      throw new Error(`internal: ${instruction.op} has two operands`);
  }
}

/** The same bits as integerPower, with the exponent looked at once. */
function executePower(exponent: number, out: Float64Array, a: Float64Array, n: number): void {
  if (exponent === 2) for (let i = 0; i < n; i++) out[i] = a[i]! * a[i]!;
  else if (exponent === 3) for (let i = 0; i < n; i++) out[i] = a[i]! * a[i]! * a[i]!;
  else for (let i = 0; i < n; i++) out[i] = integerPower(a[i]!, exponent);
}

/** Opcodes of the scalar executor. */
const OP: Readonly<Record<Instruction['op'], number>> = {
  input: 0,
  constant: 1,
  neg: 2,
  exp: 3,
  log: 4,
  sqrt: 5,
  tanh: 6,
  sinh: 7,
  cosh: 8,
  exprel: 9,
  exprelSlope: 10,
  power: 11,
  add: 12,
  sub: 13,
  mul: 14,
  div: 15,
};

/** Computes the program's outputs, in the program's order, from inputs in the order of `inputs`. Both arrays are the caller's. */
export type ScalarProgram = (inputs: Float64Array, outputs: Float64Array) => void;

/**
 * An executor on single numbers, for right-hand sides that are called millions of times: `specialise` the parameters first, and only
 * states are left. `inputs` may name more than the program reads. Not re-entrant.
 */
export function createScalar(program: Program, inputs: readonly string[]): ScalarProgram {
  const size = program.code.length;
  const registers = new Float64Array(size);
  const steps: number[] = [];
  for (const [r, instruction] of program.code.entries()) {
    if (instruction.op === 'constant') registers[r] = instruction.value;
    else steps.push(OP[instruction.op], r, ...scalarOperands(instruction, inputs));
  }
  const code = Int32Array.from(steps);
  const results = Int32Array.from(program.outputs, ({ register }) => register);
  return (values, outputs) => {
    runScalar(code, registers, values);
    for (let k = 0; k < results.length; k++) outputs[k] = registers[results[k]!]!;
  };
}

/** The outputs at one set of inputs, by name: for what is asked once. `values` may hold more than the program reads. */
export function evaluateProgram(program: Program, values: Readonly<Record<string, number>>): Record<string, number> {
  const outputs = new Float64Array(program.outputs.length);
  createScalar(program, Object.keys(values))(Float64Array.from(Object.values(values)), outputs);
  return Object.fromEntries(program.outputs.map(({ name }, k) => [name, outputs[k]!]));
}

/** Two integers per instruction: registers, the position of an input, or the exponent of a power. */
function scalarOperands(instruction: Instruction, inputs: readonly string[]): [number, number] {
  if (instruction.op === 'input') {
    const position = inputs.indexOf(instruction.name);
    if (position < 0) throw new Error(`internal: the program reads ${instruction.name}, which is not among its inputs`);
    return [position, 0];
  }
  if (instruction.op === 'power') return [instruction.a, instruction.exponent];
  const [a = 0, b = 0] = operands(instruction);
  return [a, b];
}

/** Four integers per instruction: opcode, register of the result, and two operands. */
function runScalar(code: Int32Array, registers: Float64Array, values: Float64Array): void {
  for (let k = 0; k < code.length; k += 4) {
    const a = code[k + 2]!;
    const b = code[k + 3]!;
    registers[code[k + 1]!] = code[k] === OP.input ? values[a]! : scalarResult(code[k]!, registers[a]!, registers[b]!, b);
  }
}

/** `b` is the value of the second operand, `exponent` its integer where the operation is a power. The commonest come first. */
function scalarResult(op: number, a: number, b: number, exponent: number): number {
  switch (op) {
    case OP.mul:
      return a * b;
    case OP.add:
      return a + b;
    case OP.sub:
      return a - b;
    case OP.div:
      return a / b;
    case OP.neg:
      return -a;
    case OP.exp:
      return Math.exp(a);
    case OP.exprel:
      return exprel(a);
    case OP.power:
      return integerPower(a, exponent);
    case OP.log:
      return Math.log(a);
    case OP.sqrt:
      return Math.sqrt(a);
    case OP.tanh:
      return Math.tanh(a);
    case OP.sinh:
      return Math.sinh(a);
    case OP.cosh:
      return Math.cosh(a);
    case OP.exprelSlope:
      return exprelSlope(a);
    default:
      throw new Error(`internal: opcode ${op}`);
  }
}
