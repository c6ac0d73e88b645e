/**
 * Reverse accumulation on programs: exact derivatives as programs again, common subexpressions shared with the value.
 * Derivatives are with respect to inputs. First order: exprelSlope has no derivative here.
 */
import { add, constant, createGraph, div, emit, input, mul, neg, outputNode, power, replay, sub, unary } from './graph.ts';
import type { Graph, Node } from './graph.ts';
import type { Instruction, Program } from './program.ts';

/**
 * Vector-Jacobian product. Inputs: the program's and `adjoint:<output>` for each output. Outputs: `adjoint:<name>` for each name of
 * `wrt` = sum over outputs of adjoint:<output> * d output / d name; the constant 0 where nothing depends on it.
 */
export function differentiate(program: Program, wrt: readonly string[]): Program {
  const graph = createGraph();
  const nodes = replay(graph, program);
  const roots = program.outputs.map(({ name }) => ({ node: outputNode(program, nodes, name), adjoint: input(graph, `adjoint:${name}`) }));
  const adjoints = accumulate(graph, roots);
  return emit(
    graph,
    wrt.map((name) => ({ name: `adjoint:${name}`, node: adjointOf(graph, adjoints, name) })),
  );
}

/** The Jacobian. Inputs: the program's. Outputs: `partial:<output>:<name>` = d output / d name, for each output, for each name of `wrt`. */
export function partials(program: Program, wrt: readonly string[]): Program {
  const graph = createGraph();
  const nodes = replay(graph, program);
  const outputs = program.outputs.flatMap(({ name: output }) => {
    const adjoints = accumulate(graph, [{ node: outputNode(program, nodes, output), adjoint: constant(graph, 1) }]);
    return wrt.map((name) => ({ name: `partial:${output}:${name}`, node: adjointOf(graph, adjoints, name) }));
  });
  return emit(graph, outputs);
}

/** d `node` / d `name` as a node of the same graph. */
export function derivative(graph: Graph, node: Node, name: string): Node {
  return adjointOf(graph, accumulate(graph, [{ node, adjoint: constant(graph, 1) }]), name);
}

type Adjoints = Map<Node, Node>;

function adjointOf(graph: Graph, adjoints: Adjoints, name: string): Node {
  return adjoints.get(input(graph, name)) ?? constant(graph, 0);
}

/** Adjoint of every node that the roots depend on. Nodes are in topological order: one sweep from the last to the first. */
function accumulate(graph: Graph, roots: readonly { readonly node: Node; readonly adjoint: Node }[]): Adjoints {
  const adjoints: Adjoints = new Map();
  for (const { node, adjoint } of roots) contribute(graph, adjoints, node, adjoint);
  for (let node = Math.max(-1, ...roots.map((root) => root.node)); node >= 0; node--) {
    const bar = adjoints.get(node);
    const instruction = graph.code[node];
    if (bar !== undefined && instruction !== undefined) pull(graph, adjoints, instruction, node, bar);
  }
  return adjoints;
}

function contribute(graph: Graph, adjoints: Adjoints, node: Node, adjoint: Node): void {
  const before = adjoints.get(node);
  adjoints.set(node, before === undefined ? adjoint : add(graph, before, adjoint));
}

/** Adds to the operands of `instruction` (value `r`, adjoint `bar`) what they contribute. */
function pull(graph: Graph, adjoints: Adjoints, instruction: Instruction, r: Node, bar: Node): void {
  const to = (node: Node, adjoint: Node): void => contribute(graph, adjoints, node, adjoint);
  switch (instruction.op) {
    case 'input':
    case 'constant':
      return;
    case 'add':
      to(instruction.a, bar);
      to(instruction.b, bar);
      return;
    case 'sub':
      to(instruction.a, bar);
      to(instruction.b, neg(graph, bar));
      return;
    case 'mul':
      to(instruction.a, mul(graph, bar, instruction.b));
      to(instruction.b, mul(graph, bar, instruction.a));
      return;
    case 'div': {
      const quotient = div(graph, bar, instruction.b);
      to(instruction.a, quotient);
      to(instruction.b, neg(graph, mul(graph, quotient, r)));
      return;
    }
    default:
      to(instruction.a, mul(graph, bar, slope(graph, instruction, r)));
  }
}

/** d r / d a of an instruction with one operand. */
function slope(graph: Graph, instruction: Exclude<Instruction, { b: number } | { op: 'input' | 'constant' }>, r: Node): Node {
  const { a } = instruction;
  switch (instruction.op) {
    case 'neg':
      return constant(graph, -1);
    case 'power':
      return mul(graph, constant(graph, instruction.exponent), power(graph, a, instruction.exponent - 1));
    case 'exp':
      return r;
    case 'log':
      return div(graph, constant(graph, 1), a);
    case 'sqrt':
      return div(graph, constant(graph, 0.5), r);
    case 'tanh':
      return sub(graph, constant(graph, 1), power(graph, r, 2));
    case 'sinh':
      return unary(graph, 'cosh', a);
    case 'cosh':
      return unary(graph, 'sinh', a);
    case 'exprel':
      return unary(graph, 'exprelSlope', a);
    case 'exprelSlope':
      throw new Error('internal: programs that contain exprelSlope are not differentiated again');
    default:
      return instruction satisfies never;
  }
}
