/**
 * A straight-line program in single assignment: what a model's equations become, and what every engine executes over vectors of
 * points. Register r holds the value of instruction r; operands are earlier registers. There are no branches and no loops.
 *
 * Programs are made in graph.ts (with common subexpressions shared and constants folded) and differentiated in differentiate.ts.
 * Engines map each opcode to their own vector operation.
 */

/** `exprel(x) = (exp(x) - 1) / x`, 1 at 0; `exprelSlope` is its derivative, 1/2 at 0. `power` raises to the constant integer `exponent`. */
export type UnaryOpcode = 'neg' | 'exp' | 'log' | 'sqrt' | 'tanh' | 'sinh' | 'cosh' | 'exprel' | 'exprelSlope';
export type BinaryOpcode = 'add' | 'sub' | 'mul' | 'div';

export type Instruction =
  | { readonly op: 'input'; readonly name: string }
  | { readonly op: 'constant'; readonly value: number }
  | { readonly op: 'power'; readonly a: number; readonly exponent: number }
  | { readonly op: UnaryOpcode; readonly a: number }
  | { readonly op: BinaryOpcode; readonly a: number; readonly b: number };

export interface Program {
  readonly code: readonly Instruction[];
  /** Inputs that the code reads, in order of first use. */
  readonly inputs: readonly string[];
  /** Name and register of each output, in the order asked for. */
  readonly outputs: readonly { readonly name: string; readonly register: number }[];
}
