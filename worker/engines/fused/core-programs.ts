/** The programs that the compiled core runs for a shape, and the slots that they read. core/program.hpp lists both: this is the other side. */
import { partials } from '../../models/differentiate.ts';
import { createGraph, emit, outputNode, replay } from '../../models/graph.ts';
import { linearParameters, linearParts } from '../../models/linear.ts';
import type { Program } from '../../models/program.ts';
import type { Shape } from '../engine.ts';
import { lossProgram } from '../../models/loss-program.ts';

const EMPTY: Program = { code: [], inputs: [], outputs: [] };

/** Names of the inputs by slot: those that differ by point, then scalars. */
export function slotNames(shape: Shape): string[] {
  const { model, infer } = shape;
  const others = model.parameters.map(({ name }) => name).filter((name) => !infer.includes(name));
  return [...stateNames(shape), ...rowStates(shape).map(rateName), 'I', CURRENT_FACTOR, GATES_FACTOR, ...infer, ...others];
}

const CURRENT_FACTOR = 'factor:current';
const GATES_FACTOR = 'factor:gates';

/** Inferred parameters that residual:V is jointly linear in. */
export function linearNames({ model, infer }: Shape): string[] {
  return linearParameters(model.currentResidual, 'residual:V', infer);
}

/** Gates that the rates of others read, in the model's order; with integrated states only. */
export function readNames({ model, states }: Shape): string[] {
  if (states !== 'integrated') return [];
  return model.gates.map(({ name }) => name).filter((name) => model.gates.some(({ reads }) => reads.includes(name)));
}

/** In the order of program.hpp: residuals, loss, jacobian, linear, rates, rateSlopes, steady. */
export function corePrograms(shape: Shape): readonly Program[] {
  const { model } = shape;
  const integrated = shape.states === 'integrated';
  const linear = linearNames(shape);
  const rates = integrated ? ratesOf(shape) : EMPTY;
  return [
    residualsOf(shape),
    lossOf(shape),
    jacobianOf(shape),
    linear.length === 0 ? EMPTY : linearParts(model.currentResidual, 'residual:V', linear),
    rates,
    integrated ? rateSlopesOf(rates, ['V', ...readNames(shape), ...shape.infer]) : EMPTY,
    readNames(shape).length === 0 ? EMPTY : rateSlopesOf(steadyOf(shape), ['V', ...shape.infer]),
  ];
}

function stateNames({ model }: Shape): string[] {
  return ['V', ...model.gates.map(({ name }) => name)];
}

/** The states that have a residual of their own. */
function rowStates(shape: Shape): string[] {
  return shape.states === 'integrated' ? ['V'] : stateNames(shape);
}

function rateName(state: string): string {
  return `d:${state}`;
}

function residualsOf(shape: Shape): Program {
  const { model } = shape;
  const programs = shape.states === 'integrated' ? [model.currentResidual] : [model.currentResidual, model.gateResiduals];
  return select(
    programs,
    rowStates(shape).map((state) => `residual:${state}`),
  );
}

function lossOf(shape: Shape): Program {
  const { model, infer } = shape;
  const current = { program: model.currentResidual, factor: CURRENT_FACTOR };
  const gates = { program: model.gateResiduals, factor: GATES_FACTOR };
  const groups = shape.states === 'integrated' ? [current] : [current, gates];
  const states = rowStates(shape);
  const wrt = [...stateNames(shape), ...states.map(rateName), ...infer];
  const program = lossProgram(groups, wrt);
  return select([program], [...states.map((state) => `residual:${state}`), ...wrt.map((name) => `adjoint:${name}`)]);
}

function jacobianOf(shape: Shape): Program {
  const states = stateNames(shape);
  const rows = rowStates(shape);
  const program = partials(residualsOf(shape), [...states, ...rows.map(rateName), ...shape.infer]);
  const by = (row: string): string[] => [...states, rateName(row), ...shape.infer];
  return select(
    [program],
    rows.flatMap((row) => by(row).map((name) => `partial:residual:${row}:${name}`)),
  );
}

function ratesOf({ model }: Shape): Program {
  return select(
    [model.gateRates],
    model.gates.flatMap(({ name }) => [`inf:${name}`, `rate:${name}`]),
  );
}

function steadyOf({ model }: Shape): Program {
  return select(
    [model.steadyStates],
    model.gates.map(({ name }) => `steady:${name}`),
  );
}

function rateSlopesOf(rates: Program, wrt: readonly string[]): Program {
  const names = rates.outputs.map(({ name }) => name);
  return select([rates, partials(rates, wrt)], [...names, ...names.flatMap((output) => wrt.map((name) => `partial:${output}:${name}`))]);
}

/** One program of the named outputs of several, in the order asked for. */
function select(programs: readonly Program[], names: readonly string[]): Program {
  const graph = createGraph();
  const nodes = new Map(
    programs.flatMap((program) => {
      const registers = replay(graph, program);
      return program.outputs.map(({ name }) => [name, outputNode(program, registers, name)] as const);
    }),
  );
  const node = (name: string): number => {
    const found = nodes.get(name);
    if (found === undefined) throw new Error(`internal: no program has the output ${name}`);
    return found;
  };
  return emit(
    graph,
    names.map((name) => ({ name, node: node(name) })),
  );
}
