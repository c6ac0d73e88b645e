/** Which gates are integrated together: those that read no other, then those that read these, and so on. Most models have one level. */
import { createGraph, emit, outputNode, replay } from '../../models/graph.ts';
import type { Model } from '../../models/model.ts';
import type { Program } from '../../models/program.ts';
import type { Shape } from '../engine.ts';
import type { Layout } from '../layout.ts';

export interface GateLevel {
  /** Places among the model's gates, ascending. */
  readonly gates: readonly number[];
  /** Gates of earlier levels that its own read. */
  readonly reads: readonly { readonly g: number; readonly name: string }[];
}

export function gateLevels({ gates }: Model): GateLevel[] {
  const depths = new Map<string, number>();
  // each stands behind those that it reads
  for (const { name, reads } of gates) depths.set(name, Math.max(-1, ...reads.map((other) => depths.get(other)!)) + 1);
  const levels = Math.max(-1, ...depths.values()) + 1;
  return Array.from({ length: levels }, (_, depth) => {
    const own = gates.flatMap(({ name }, g) => (depths.get(name) === depth ? [g] : []));
    const reads = gates.flatMap(({ name }, g) => (own.some((other) => gates[other]!.reads.includes(name)) ? [{ g, name }] : []));
    return { gates: own, reads };
  });
}

/** Whether another gate reads gate g. */
export function readBy({ gates }: Model, g: number): boolean {
  const { name } = gates[g]!;
  return gates.some(({ reads }) => reads.includes(name));
}

/** How gate g begins a segment: at a value of its own; at its steady state, which V there gives alone; or where all gates come to rest together. */
export function beginningOf({ model }: Shape, { freeGates }: Layout, g: number): 'free' | 'steady' | 'at-rest' {
  const { name, reads } = model.gates[g]!;
  if (freeGates.includes(name)) return 'free';
  return reads.length === 0 ? 'steady' : 'at-rest';
}

/** The part of a program that gives the outputs of these gates. */
export function outputsOf(program: Program, gates: readonly string[]): Program {
  const graph = createGraph();
  const nodes = replay(graph, program);
  const outputs = program.outputs.filter(({ name }) => gates.some((gate) => name.endsWith(`:${gate}`)));
  return emit(
    graph,
    outputs.map(({ name }) => ({ name, node: outputNode(program, nodes, name) })),
  );
}
