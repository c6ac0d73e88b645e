/**
 * Which parameters a residual is jointly linear in, so that they can be projected out (solved for by least squares). Decided on the
 * graph: a parameter whose derivative still mentions a chosen one is not linear with it. Sound; algebra that the graph does not do
 * can hide a linear parameter.
 */
import { derivative } from './differentiate.ts';
import { constant, createGraph, emit, inputsOf, outputNode, replay } from './graph.ts';
import type { Program } from './program.ts';

/**
 * The candidates, taken greedily in the given order, in which `output` is jointly linear: output = constant + sum of slope * name.
 * A candidate that the output does not depend on is left out.
 */
export function linearParameters(program: Program, output: string, candidates: readonly string[]): string[] {
  const graph = createGraph();
  const node = outputNode(program, replay(graph, program), output);
  const present = inputsOf(graph, node);
  const chosen: string[] = [];
  for (const name of candidates) {
    if (!present.has(name)) continue;
    const slope = inputsOf(graph, derivative(graph, node, name));
    if (![...chosen, name].some((other) => slope.has(other))) chosen.push(name);
  }
  return chosen;
}

/** Outputs `constant` (the output with every name at 0) and `slope:<name>`. The output must be jointly linear in the names. */
export function linearParts(program: Program, output: string, names: readonly string[]): Program {
  const graph = createGraph();
  const node = outputNode(program, replay(graph, program), output);
  const slopes = names.map((name) => ({ name: `slope:${name}`, node: derivative(graph, node, name) }));
  for (const slope of slopes) {
    const depends = inputsOf(graph, slope.node);
    if (names.some((name) => depends.has(name))) throw new Error(`internal: ${output} is not jointly linear in ${names.join(', ')}`);
  }
  const zeros = new Map(names.map((name) => [name, constant(graph, 0)]));
  const atZero = outputNode(program, replay(graph, program, zeros), output);
  return emit(graph, [{ name: 'constant', node: atZero }, ...slopes]);
}
