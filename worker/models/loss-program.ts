/**
 * A program that gives residuals together with the adjoints of their weighted mean squares, so that what both need is computed once.
 * With the adjoint of residual r being factor * r (factor = 2 * weight of that row in the loss), no value has to be known in between.
 */
import { differentiate, partials } from './differentiate.ts';
import { add, createGraph, emit, input, mul, outputNode, replay, type Graph, type Node } from './graph.ts';
import type { Program } from './program.ts';

export interface ResidualGroup {
  readonly program: Program;
  /** Name of the input that every residual of the group is multiplied with to give its adjoint. */
  readonly factor: string;
}

/** Inputs: the programs' and the factors. Outputs: every residual, and `adjoint:<name>` for each name of `wrt`. */
export function lossProgram(groups: readonly ResidualGroup[], wrt: readonly string[]): Program {
  const graph = createGraph();
  const parts = groups.map((group) => residualsAndAdjoints(graph, group, wrt));
  const adjoints = wrt.map((name, k) => ({
    name: `adjoint:${name}`,
    node: parts.map((part) => part.adjoints[k]!).reduce((a, b) => add(graph, a, b)),
  }));
  return emit(graph, [...parts.flatMap((part) => part.residuals), ...adjoints]);
}

function residualsAndAdjoints(
  graph: Graph,
  { program, factor }: ResidualGroup,
  wrt: readonly string[],
): { residuals: { name: string; node: Node }[]; adjoints: Node[] } {
  const nodes = replay(graph, program);
  const residuals = program.outputs.map(({ name }) => ({ name, node: outputNode(program, nodes, name) }));
  const reverse = differentiate(program, wrt);
  const adjoints = new Map(residuals.map(({ name, node }) => [`adjoint:${name}`, mul(graph, input(graph, factor), node)]));
  const reversed = replay(graph, reverse, adjoints);
  return { residuals, adjoints: wrt.map((name) => outputNode(reverse, reversed, `adjoint:${name}`)) };
}

/** The program's outputs and its Jacobian, `partial:<output>:<name>`. */
export function valuesAndPartials(program: Program, wrt: readonly string[]): Program {
  const graph = createGraph();
  return emit(
    graph,
    [program, partials(program, wrt)].flatMap((part) => {
      const nodes = replay(graph, part);
      return part.outputs.map(({ name }) => ({ name, node: outputNode(part, nodes, name) }));
    }),
  );
}
