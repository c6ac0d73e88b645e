/** Which parameter of a model is what, told from its equations and not from its names. */
import { derivative, partials } from './differentiate.ts';
import { createGraph, inputsOf, outputNode, replay, specialise } from './graph.ts';
import { createScalar } from './interpret.ts';
import type { Model } from './model.ts';

/** The parameter that multiplies dV/dt; undefined where it is a constant or tied. */
export function capacitanceName(model: Model): string | undefined {
  const graph = createGraph();
  const residual = outputNode(model.currentResidual, replay(graph, model.currentResidual), 'residual:V');
  return model.parameters.find(({ name }) => inputsOf(graph, derivative(graph, residual, name)).has('d:V'))?.name;
}

/** The only positive parameter, if there is one, that makes V fall in proportion to its distance from a potential, with no gate at work. */
export function leakName(model: Model): string | undefined {
  const graph = createGraph();
  const residual = outputNode(model.currentResidual, replay(graph, model.currentResidual), 'residual:V');
  const states = new Set(['d:V', 'I', ...model.gates.map(({ name }) => name)]);
  const leaks = model.parameters.filter(({ name, positive }) => {
    if (!positive) return false;
    const drive = derivative(graph, residual, name);
    const read = inputsOf(graph, drive);
    return read.has('V') && ![...read].some((input) => states.has(input)) && !inputsOf(graph, derivative(graph, drive, 'V')).has('V');
  });
  return leaks.length === 1 ? leaks[0]!.name : undefined;
}

/** What a change of the current by 1 does to dV/dt at rest, mV/ms: one over the capacitance. */
export function ratePerCurrent(model: Model, parameters: Readonly<Record<string, number>>): number {
  const slope = createScalar(specialise(partials(model.derivatives, ['I']), parameters), []);
  const outputs = new Float64Array(model.gates.length + 1);
  slope(new Float64Array(0), outputs);
  return outputs[0]!;
}
