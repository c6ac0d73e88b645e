/**
 * The states beside V as nodes of a graph: steady state, rate and slope of every gate and pool, what each reads of the others, and the order in
 * which each reads only what stands before it. See model.ts for what these are.
 */
import type { ModelFile } from '../../schemas/generated/types.ts';
import type { Violation } from '../../schemas/errors.ts';
import { derivative } from './differentiate.ts';
import { add, constant, div, emit, input, inputsOf, mul, neg, outputNode, replay, sub } from './graph.ts';
import type { Graph, Node } from './graph.ts';
import { invalid } from './model-file.ts';
import type { ModelText } from './model-file.ts';
import type { Gate } from './model.ts';
import type { Path } from '../../schemas/meant-branch.ts';

/** A state x obeys dx/dt = slope = rate * (steady - x). */
export interface Kinetics extends Gate {
  /** Where the file has it. */
  readonly path: Path;
  readonly rate: Node;
  readonly steady: Node;
  readonly slope: Node;
}

/** The node of the equation at a path of the model file. */
export type EquationAt = (...path: readonly string[]) => Node;

/** In the order of the file, gates before pools. `reads` is what the equations mention: pools in a circle are found by `inReadingOrder`. */
export function kineticsOf(graph: Graph, file: ModelFile, equation: EquationAt): Kinetics[] {
  const names = [...Object.keys(file.gates ?? {}), ...Object.keys(file.pools ?? {})];
  const reads = (name: string, ...nodes: readonly Node[]): string[] => {
    const inputs = new Set(nodes.flatMap((node) => [...inputsOf(graph, node)]));
    return names.filter((other) => other !== name && inputs.has(other));
  };
  const gates = Object.entries(file.gates ?? {}).map(([name, gate]): Kinetics => {
    const nodes = 'tau' in gate ? infinityTau(graph, name, equation) : alphaBeta(graph, name, equation);
    const plain = { unit: '1', range: [0, 1], positive: false } as const;
    return {
      name,
      path: ['gates', name],
      ...plain,
      initial: gate.initial ?? 'free',
      ...nodes,
      reads: reads(name, nodes.rate, nodes.steady),
    };
  });
  const pools = Object.entries(file.pools ?? {}).map(([name, { unit, range, positive = false, initial = 'free' }]): Kinetics => {
    const nodes = linearIn(graph, name, equation('pools', name, 'derivative'));
    return { name, path: ['pools', name], unit, range, positive, initial, ...nodes, reads: reads(name, nodes.rate, nodes.steady) };
  });
  return [...gates, ...pools];
}

type Nodes = Pick<Kinetics, 'rate' | 'steady' | 'slope'>;

function infinityTau(graph: Graph, name: string, equation: EquationAt): Nodes {
  const x = input(graph, name);
  const tau = equation('gates', name, 'tau');
  const steady = equation('gates', name, 'infinity');
  return { steady, rate: div(graph, constant(graph, 1), tau), slope: div(graph, sub(graph, steady, x), tau) };
}

function alphaBeta(graph: Graph, name: string, equation: EquationAt): Nodes {
  const x = input(graph, name);
  const alpha = equation('gates', name, 'alpha');
  const rate = add(graph, alpha, equation('gates', name, 'beta'));
  return { steady: div(graph, alpha, rate), rate, slope: sub(graph, alpha, mul(graph, rate, x)) };
}

/** slope = source - rate * x: the rate is minus its derivative by x, the source what is left at x = 0. */
function linearIn(graph: Graph, name: string, slope: Node): Nodes {
  const rate = neg(graph, derivative(graph, slope, name));
  const source = substitute(graph, slope, new Map([[name, constant(graph, 0)]]));
  return { slope, rate, steady: div(graph, source, rate) };
}

/** Pools whose derivative is not linear in them. Algebra that the graph does not do can hide that it is. */
export function linearityViolations(graph: Graph, states: readonly Kinetics[], text: ModelText): Violation[] {
  return states.flatMap(({ name, path, rate }) => {
    if (!inputsOf(graph, rate).has(name)) return [];
    const rule = `must be linear in ${name} while V and the other states are held: a + b * ${name}`;
    const remedy = `A current that depends on ${name} in another way may not fill or empty it; give it a reversal potential that is a number.`;
    return [invalid(text.where([...path, 'derivative']), rule, `a rate that depends on ${name} itself`, remedy)];
  });
}

/** Each state after those that it reads, otherwise as in the file; and states that read each other in a circle. */
export function inReadingOrder(states: readonly Kinetics[], text: ModelText): { ordered: Kinetics[]; violations: Violation[] } {
  const ordered: Kinetics[] = [];
  const placed = new Set<string>();
  let left = [...states];
  for (;;) {
    const next = left.find(({ reads }) => reads.every((name) => placed.has(name)));
    if (next === undefined) break;
    ordered.push(next);
    placed.add(next.name);
    left = left.filter((state) => state !== next);
  }
  return { ordered, violations: circleViolations(left, text) };
}

/** Every state that is left reads another one that is left: walking along ends in a circle. */
function circleViolations(left: readonly Kinetics[], text: ModelText): Violation[] {
  const trail: Kinetics[] = [];
  for (let state = left[0]; state !== undefined && !trail.includes(state);) {
    trail.push(state);
    const { reads }: Kinetics = state;
    state = left.find(({ name }) => reads.includes(name));
  }
  const last = trail.at(-1);
  if (last === undefined) return [];
  const circle = trail.slice(trail.findIndex(({ name }) => last.reads.includes(name)));
  const got = [...circle, circle[0]!].map(({ name }) => name).join(' -> ');
  const rule = 'must not depend, by way of other gates and pools, on itself';
  const remedy = 'Each must be linear once V and the others are known: make one of them a function, at its steady state.';
  return [{ code: 'MODEL_CYCLE', where: text.whereKey(circle[0]!.path), rule, got, remedy }];
}

/** Where each comes to rest when V is held, of states in reading order. */
export function steadyNodes(graph: Graph, ordered: readonly Kinetics[]): { name: string; node: Node }[] {
  const found = new Map<string, Node>();
  for (const { name, steady, reads } of ordered) found.set(name, reads.length === 0 ? steady : substitute(graph, steady, found));
  return ordered.map(({ name }) => ({ name: `steady:${name}`, node: found.get(name)! }));
}

/** The node with some inputs replaced. */
function substitute(graph: Graph, node: Node, inputs: ReadonlyMap<string, Node>): Node {
  const program = emit(graph, [{ name: 'node', node }]);
  return outputNode(program, replay(graph, program, inputs), 'node');
}
