/** A straight-line program as WGSL statements: one `let` per register, float32, every operand a scalar of one point. */
import type { Instruction, Program } from '../../models/program.ts';
import { literal } from './wgsl-elementary.ts';

const FUNCTIONS: Readonly<Record<string, string>> = {
  exp: 'exp_',
  log: 'log_',
  sqrt: 'sqrt',
  tanh: 'tanh_',
  sinh: 'sinh_',
  cosh: 'cosh_',
  exprel: 'exprel_',
  exprelSlope: 'exprel_slope',
};

/** WGSL of a program. `inputs`: an expression for each input; `prefix` keeps registers of several programs apart. */
export function writeProgram(
  program: Program,
  inputs: ReadonlyMap<string, string>,
  prefix: string,
): { readonly code: string; readonly outputs: ReadonlyMap<string, string> } {
  const lines: string[] = [];
  const values: string[] = [];
  for (const [r, instruction] of program.code.entries()) {
    const value = expression(instruction, values, inputs);
    const direct = instruction.op === 'input' || instruction.op === 'constant';
    if (!direct) lines.push(`let ${prefix}${r} = ${value};`);
    values.push(direct ? value : `${prefix}${r}`);
  }
  return { code: lines.join('\n'), outputs: new Map(program.outputs.map(({ name, register }) => [name, values[register]!])) };
}

const OPERATORS = { add: '+', sub: '-', mul: '*', div: '/' } as const;

function expression(instruction: Instruction, values: readonly string[], inputs: ReadonlyMap<string, string>): string {
  switch (instruction.op) {
    case 'input': {
      const value = inputs.get(instruction.name);
      if (value === undefined) throw new Error(`internal: no expression for input ${instruction.name}`);
      return value;
    }
    case 'constant':
      return instruction.value < 0 ? `(${literal(instruction.value)})` : literal(instruction.value);
    case 'power':
      return power(values[instruction.a]!, instruction.exponent);
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
      return `${values[instruction.a]!} ${OPERATORS[instruction.op]} ${values[instruction.b]!}`;
    case 'neg':
      return `-${values[instruction.a]!}`;
    default:
      return `${FUNCTIONS[instruction.op]!}(${values[instruction.a]!})`;
  }
}

/** By multiplication: WGSL's pow loses negative bases. */
function power(a: string, exponent: number): string {
  if (exponent === 1) return a;
  const half = power(a, Math.floor(exponent / 2));
  const square = `(${half} * ${half})`;
  return exponent % 2 === 0 ? square : `(${square} * ${a})`;
}
