/**
 * An expression graph under construction: every node is an instruction, equal nodes are one node (hash-consing), constants are folded
 * and plain identities applied, so that common subexpressions are shared by construction. `emit` turns the part that outputs need
 * into a Program.
 *
 * Folding assumes finite values: 0 * x is 0 and x - x is 0, also where x would overflow.
 */
import { applyBinary, applyUnary, integerPower, operands } from './opcodes.ts';
import type { BinaryOpcode, Instruction, Program, UnaryOpcode } from './program.ts';

/** Index of a node in its graph. Operands come before the nodes that use them. */
export type Node = number;

export interface Graph {
  readonly code: Instruction[];
  readonly index: Map<string, Node>;
}

export function createGraph(): Graph {
  return { code: [], index: new Map() };
}

export function input(graph: Graph, name: string): Node {
  return intern(graph, `input ${name}`, { op: 'input', name });
}

export function constant(graph: Graph, value: number): Node {
  // -0 and 0 share a node: no equation tells them apart but 1/x, and 1/0 is refused.
  return intern(graph, `constant ${value}`, { op: 'constant', value: value === 0 ? 0 : value });
}

export function add(graph: Graph, a: Node, b: Node): Node {
  if (isConstant(graph, a, 0)) return b;
  if (isConstant(graph, b, 0)) return a;
  const minusA = negated(graph, a);
  const minusB = negated(graph, b);
  if (minusB !== undefined) return sub(graph, a, minusB);
  if (minusA !== undefined) return sub(graph, b, minusA);
  return binary(graph, 'add', Math.min(a, b), Math.max(a, b));
}

export function sub(graph: Graph, a: Node, b: Node): Node {
  if (a === b) return constant(graph, 0);
  if (isConstant(graph, b, 0)) return a;
  if (isConstant(graph, a, 0)) return neg(graph, b);
  const minusB = negated(graph, b);
  if (minusB !== undefined) return add(graph, a, minusB);
  return binary(graph, 'sub', a, b);
}

export function mul(graph: Graph, a: Node, b: Node): Node {
  const [c, x] = constantOf(graph, b) === undefined ? [a, b] : [b, a];
  const factor = constantOf(graph, c);
  if (factor === 0) return constant(graph, 0);
  if (factor === 1) return x;
  if (factor === -1) return neg(graph, x);
  const minusC = negated(graph, c);
  const minusX = negated(graph, x);
  if (minusX !== undefined) return neg(graph, mul(graph, c, minusX));
  if (minusC !== undefined && factor === undefined) return neg(graph, mul(graph, minusC, x));
  const inner = factor === undefined ? undefined : scaled(graph, x);
  if (inner !== undefined && factor !== undefined) return mul(graph, constant(graph, factor * inner.factor), inner.node);
  return binary(graph, 'mul', Math.min(c, x), Math.max(c, x));
}

/** Division by a constant becomes a multiplication: cheaper on every engine, at most one rounding away. */
export function div(graph: Graph, a: Node, b: Node): Node {
  const divisor = constantOf(graph, b);
  if (divisor !== undefined && divisor !== 0) return mul(graph, a, constant(graph, 1 / divisor));
  if (isConstant(graph, a, 0) && divisor === undefined) return constant(graph, 0);
  const minusA = constantOf(graph, a) === undefined ? negated(graph, a) : undefined;
  if (minusA !== undefined) return neg(graph, div(graph, minusA, b));
  return binary(graph, 'div', a, b);
}

export function neg(graph: Graph, a: Node): Node {
  const minusA = negated(graph, a);
  if (minusA !== undefined) return minusA;
  const instruction = at(graph, a);
  if (instruction.op === 'sub') return binary(graph, 'sub', instruction.b, instruction.a);
  return unaryNode(graph, 'neg', a);
}

/** a to a constant integer exponent, of any sign. */
export function power(graph: Graph, a: Node, exponent: number): Node {
  if (!Number.isInteger(exponent)) throw new Error(`internal: power with the exponent ${exponent}`);
  if (exponent === 0) return constant(graph, 1);
  if (exponent === 1) return a;
  if (exponent < 0) return div(graph, constant(graph, 1), power(graph, a, -exponent));
  const instruction = at(graph, a);
  if (instruction.op === 'constant') return constant(graph, integerPower(instruction.value, exponent));
  if (instruction.op === 'power') return power(graph, instruction.a, instruction.exponent * exponent);
  if (instruction.op === 'neg')
    return exponent % 2 === 0 ? power(graph, instruction.a, exponent) : neg(graph, power(graph, instruction.a, exponent));
  return intern(graph, `power ${a} ${exponent}`, { op: 'power', a, exponent });
}

export function unary(graph: Graph, op: UnaryOpcode, a: Node): Node {
  return op === 'neg' ? neg(graph, a) : unaryNode(graph, op, a);
}

/** The value of a node that is a constant. */
export function constantOf(graph: Graph, node: Node): number | undefined {
  const instruction = at(graph, node);
  return instruction.op === 'constant' ? instruction.value : undefined;
}

/** Write a program into a graph; its inputs become the given nodes, or inputs of the same name. Returns the node of each register. */
export function replay(graph: Graph, program: Program, inputs: ReadonlyMap<string, Node> = new Map()): Node[] {
  const nodes: Node[] = [];
  for (const instruction of program.code) nodes.push(replayOne(graph, instruction, nodes, inputs));
  return nodes;
}

/** The node of an output after `replay`. */
export function outputNode(program: Program, nodes: readonly Node[], output: string): Node {
  const register = program.outputs.find(({ name }) => name === output)?.register;
  const node = register === undefined ? undefined : nodes[register];
  if (node === undefined) throw new Error(`internal: the program has no output ${output}`);
  return node;
}

/** The program of the outputs, without the nodes that none of them needs. */
export function emit(graph: Graph, outputs: readonly { readonly name: string; readonly node: Node }[]): Program {
  const live = reachable(
    graph,
    outputs.map(({ node }) => node),
  );
  const registers = new Map<Node, number>();
  const code: Instruction[] = [];
  for (const [node, instruction] of graph.code.entries()) {
    if (!live[node]) continue;
    registers.set(node, code.length);
    code.push(renumber(instruction, registers));
  }
  const inputs = code.flatMap((instruction) => (instruction.op === 'input' ? [instruction.name] : []));
  return { code, inputs, outputs: outputs.map(({ name, node }) => ({ name, register: register(registers, node) })) };
}

/** The program with some inputs set to numbers, folded. */
export function specialise(program: Program, values: Readonly<Record<string, number>>): Program {
  const graph = createGraph();
  const inputs = new Map(Object.entries(values).map(([name, value]) => [name, constant(graph, value)]));
  const nodes = replay(graph, program, inputs);
  return emit(
    graph,
    program.outputs.map(({ name }) => ({ name, node: outputNode(program, nodes, name) })),
  );
}

/** True for every node that one of `roots` is made of. */
function reachable(graph: Graph, roots: readonly Node[]): boolean[] {
  const live: boolean[] = Array.from(graph.code, () => false);
  for (const root of roots) live[root] = true;
  for (let node = graph.code.length - 1; node >= 0; node--)
    if (live[node]) for (const operand of operands(at(graph, node))) live[operand] = true;
  return live;
}

/** Names of the inputs that a node is made of. */
export function inputsOf(graph: Graph, node: Node): Set<string> {
  const live = reachable(graph, [node]);
  return new Set(graph.code.flatMap((instruction, index) => (live[index] && instruction.op === 'input' ? [instruction.name] : [])));
}

function replayOne(graph: Graph, instruction: Instruction, nodes: readonly Node[], inputs: ReadonlyMap<string, Node>): Node {
  const a = 'a' in instruction ? register(nodes, instruction.a) : 0;
  const b = 'b' in instruction ? register(nodes, instruction.b) : 0;
  switch (instruction.op) {
    case 'input':
      return inputs.get(instruction.name) ?? input(graph, instruction.name);
    case 'constant':
      return constant(graph, instruction.value);
    case 'power':
      return power(graph, a, instruction.exponent);
    case 'add':
      return add(graph, a, b);
    case 'sub':
      return sub(graph, a, b);
    case 'mul':
      return mul(graph, a, b);
    case 'div':
      return div(graph, a, b);
    default:
      return unary(graph, instruction.op, a);
  }
}

function register(registers: ReadonlyMap<Node, number> | readonly Node[], node: Node): number {
  const found = 'get' in registers ? registers.get(node) : registers[node];
  if (found === undefined) throw new Error(`internal: node ${node} is used before it is computed`);
  return found;
}

function renumber(instruction: Instruction, registers: ReadonlyMap<Node, number>): Instruction {
  if ('b' in instruction) return { ...instruction, a: register(registers, instruction.a), b: register(registers, instruction.b) };
  return 'a' in instruction ? { ...instruction, a: register(registers, instruction.a) } : instruction;
}

function binary(graph: Graph, op: BinaryOpcode, a: Node, b: Node): Node {
  const left = constantOf(graph, a);
  const right = constantOf(graph, b);
  if (left !== undefined && right !== undefined) return constant(graph, applyBinary(op, left, right));
  return intern(graph, `${op} ${a} ${b}`, { op, a, b });
}

function unaryNode(graph: Graph, op: UnaryOpcode, a: Node): Node {
  const value = constantOf(graph, a);
  if (value !== undefined) return constant(graph, applyUnary(op, value));
  return intern(graph, `${op} ${a}`, { op, a });
}

function intern(graph: Graph, key: string, instruction: Instruction): Node {
  const known = graph.index.get(key);
  if (known !== undefined) return known;
  const node = graph.code.push(instruction) - 1;
  graph.index.set(key, node);
  return node;
}

function at(graph: Graph, node: Node): Instruction {
  const instruction = graph.code[node];
  if (instruction === undefined) throw new Error(`internal: the graph has no node ${node}`);
  return instruction;
}

function isConstant(graph: Graph, node: Node, value: number): boolean {
  return constantOf(graph, node) === value;
}

/** x where the node is -x. */
function negated(graph: Graph, node: Node): Node | undefined {
  const instruction = at(graph, node);
  return instruction.op === 'neg' ? instruction.a : undefined;
}

/** factor and node where x is factor * node. */
function scaled(graph: Graph, x: Node): { factor: number; node: Node } | undefined {
  const instruction = at(graph, x);
  if (instruction.op !== 'mul') return undefined;
  const left = constantOf(graph, instruction.a);
  const right = constantOf(graph, instruction.b);
  if (left !== undefined) return { factor: left, node: instruction.b };
  return right === undefined ? undefined : { factor: right, node: instruction.a };
}
