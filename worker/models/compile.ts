/**
 * Compiles the text of a model file to a Model: reads and checks it (model-file.ts, definitions.ts, unit-check.ts,
 * parameter-check.ts), then writes its equations as programs. All violations are thrown together.
 */
import type { ModelFile } from '../../schemas/generated/types.ts';
import { throwIfAny } from '../../schemas/errors.ts';
import type { Violation } from '../../schemas/errors.ts';
import { cycleViolations, declarationViolations, isNamed, nameOf, nameViolations, readDefinitions, tiedViolations } from './definitions.ts';
import type { Definition } from './definitions.ts';
import type { Expression } from './equation.ts';
import { createEquationWriter } from './equation-writer.ts';
import type { Meaning } from './equation-writer.ts';
import { constant, createGraph, div, emit, input, mul, sub, unary } from './graph.ts';
import type { Graph, Node } from './graph.ts';
import { evaluateProgram } from './interpret.ts';
import { inReadingOrder, kineticsOf, linearityViolations, steadyNodes } from './kinetics.ts';
import type { Kinetics } from './kinetics.ts';
import type { Model, Parameter } from './model.ts';
import { invalid, readModelFile } from './model-file.ts';
import type { ModelText } from './model-file.ts';
import {
  capacitanceValue,
  capacitanceViolations,
  defaultStart,
  parameterViolations,
  poolViolations,
  unusedViolations,
} from './parameter-check.ts';
import { unitViolations } from './unit-check.ts';

/** A model has some kilobytes and dozens of equations. Every check is quick at these, and some take minutes at a hundred times more. */
const LONGEST_TEXT = 128 * 1024;
const MOST_EQUATIONS = 500;

/** `file` is how messages name the file. Throws a LoligoError with every violation, each with file, line and column. */
export function compileModel(text: string, file: string): Model {
  if (text.length > LONGEST_TEXT) throwIfAny([invalid(file, `must have at most ${LONGEST_TEXT} characters`, String(text.length))]);
  const read = readModelFile(text, file);
  const { definitions, violations: syntax } = readDefinitions(read.kind === 'model' ? read.model : read.raw, read.text);
  if (definitions.length > MOST_EQUATIONS)
    throwIfAny([invalid(file, `must have at most ${MOST_EQUATIONS} equations`, String(definitions.length))]);
  if (read.kind === 'refused') return refuse([...read.violations, ...syntax]);
  const { model } = read;
  const names = [...nameViolations(definitions, model, read.text), ...capacitanceViolations(model, read.text)];
  throwIfAny([
    ...syntax,
    ...declarationViolations(model, read.text),
    ...tiedViolations(definitions, model, read.text),
    ...names,
    ...cycleViolations(definitions, read.text),
    ...unitViolations(definitions, model, read.text),
    ...parameterViolations(model, read.text),
    ...poolViolations(model, read.text),
    ...(syntax.length + names.length > 0 ? [] : unusedViolations(model, definitions, read.text)),
  ]);
  const compiled = modelOf(model, definitions, read.text);
  throwIfAny([...restViolations(compiled, model, read.text), ...tiedValueViolations(compiled, model, read.text)]);
  return compiled;
}

function refuse(violations: readonly Violation[]): never {
  throwIfAny(violations);
  throw new Error('internal: a model file was refused without a violation');
}

/** The model with its ties, and without them beside it. */
function modelOf(file: ModelFile, definitions: readonly Definition[], text: ModelText): Model {
  const untied = programsOf(file, definitions, text, {});
  const { tied = {} } = file;
  if (Object.keys(tied).length === 0) return untied;
  return { ...programsOf(file, definitions, text, tied), untied };
}

/** Throws where states are not linear, or read each other in a circle: known only once the equations are nodes. */
function programsOf(file: ModelFile, definitions: readonly Definition[], text: ModelText, tied: Readonly<Record<string, string>>): Model {
  const graph = createGraph();
  const write = createEquationWriter(graph, (name) => meaningOf(graph, name, file, definitions, tied));
  const equation = (...path: readonly string[]): Node => write(expressionAt(definitions, path));
  const states = kineticsOf(graph, file, equation);
  throwIfAny(linearityViolations(graph, states, text));
  const { ordered, violations } = inReadingOrder(states, text);
  throwIfAny(violations);
  const balance = equation('balance');
  const valueOf = (name: string): Node => write({ kind: 'name', at: 0, name });
  const capacitance = valueOf(file.capacitance);
  const outputs = (prefix: string, node: (state: Kinetics) => Node): { name: string; node: Node }[] =>
    ordered.map((state) => ({ name: `${prefix}:${state.name}`, node: node(state) }));

  return {
    name: file.name,
    source: file.source,
    currentUnit: file.current,
    rest: file.rest,
    gates: ordered.map(({ name, initial, unit, range, positive, reads }) => ({ name, initial, unit, range, positive, reads })),
    parameters: parametersOf(file).filter(({ name }) => tied[name] === undefined),
    tied: Object.entries(tied).map(([name, equation]) => {
      const { unit = '', positive = false } = file.parameters[name] ?? {};
      return { name, unit, positive, equation };
    }),
    derivatives: emit(graph, [{ name: 'd:V', node: div(graph, balance, capacitance) }, ...outputs('d', ({ slope }) => slope)]),
    currentResidual: emit(graph, [{ name: 'residual:V', node: residualOfV(graph, capacitance, balance, capacitanceValue(file)) }]),
    gateResiduals: emit(
      graph,
      outputs('residual', (state) => residualOfGate(graph, state)),
    ),
    gateRates: emit(graph, [...outputs('inf', ({ steady }) => steady), ...outputs('rate', ({ rate }) => rate)]),
    steadyStates: emit(graph, steadyNodes(graph, ordered)),
    tiedValues: emit(
      graph,
      Object.keys(tied).map((name) => ({ name, node: valueOf(name) })),
    ),
  };
}

/** (C d:V - balance) / C0 with the number C0: linear in C and in conductances. */
function residualOfV(graph: Graph, capacitance: Node, balance: Node, c0: number): Node {
  return div(graph, sub(graph, mul(graph, capacitance, input(graph, 'd:V')), balance), constant(graph, c0));
}

function residualOfGate(graph: Graph, { name, rate, slope, range, positive }: Kinetics): Node {
  const scaled = div(graph, sub(graph, input(graph, `d:${name}`), slope), unary(graph, 'sqrt', rate));
  if (positive) return div(graph, scaled, input(graph, name));
  return div(graph, scaled, constant(graph, range[1] - range[0]));
}

/** A tied parameter is its equation where it is tied, and an input where it is not. */
function meaningOf(
  graph: Graph,
  name: string,
  file: ModelFile,
  definitions: readonly Definition[],
  tied: Readonly<Record<string, string>>,
): Meaning {
  const definition = definitions.find(
    (candidate) => isNamed(candidate) && nameOf(candidate) === name && (candidate.role !== 'tied' || Object.hasOwn(tied, name)),
  );
  if (definition?.expression !== undefined) return { kind: 'definition', expression: definition.expression };
  const value = file.constants?.[name]?.value;
  return { kind: 'node', node: value === undefined ? input(graph, name) : constant(graph, value) };
}

function expressionAt(definitions: readonly Definition[], path: readonly string[]): Expression {
  const expression = definitions.find((definition) => definition.path.join('/') === path.join('/'))?.expression;
  if (expression === undefined) throw new Error(`internal: no equation at ${path.join('.')}`);
  return expression;
}

function parametersOf(file: ModelFile): Parameter[] {
  return Object.entries(file.parameters).map(([name, parameter]) => {
    const { unit, value, range, positive = false, start = defaultStart(parameter) } = parameter;
    return { name, unit, value, range, positive, start };
  });
}

/** Where a simulation starts, everything must be a number, and states must approach a steady state within their range. */
function restViolations(model: Model, file: ModelFile, text: ModelText): Violation[] {
  const values: Record<string, number> = { V: model.rest, I: 0, ...ownValues(model) };
  const steady = evaluateProgram(model.steadyStates, values);
  for (const { name } of model.gates) values[name] = steady[`steady:${name}`] ?? Number.NaN;
  const kinetics = evaluateProgram(model.gateRates, values);
  const gates = model.gates.flatMap(({ name, unit, range: [low, high] }) => {
    const rest = values[name] ?? Number.NaN;
    const rate = kinetics[`rate:${name}`] ?? Number.NaN;
    if (rest >= low && rest <= high && rate > 0 && rate < Infinity) return [];
    const got = `${rest}${unit === '1' ? '' : ` ${unit}`} and ${rate} per ms`;
    const rule = `must at rest have a steady state from ${low} to ${high} and a rate above 0`;
    const section = file.pools?.[name] === undefined ? 'gates' : 'pools';
    const remedy = section === 'gates' ? 'Where x / (exp(x) - 1) is 0 / 0, write 1 / exprel(x).' : undefined;
    return [invalid(text.whereKey([section, name]), rule, got, remedy)];
  });
  const slope = evaluateProgram(model.derivatives, values)['d:V'] ?? Number.NaN;
  if (gates.length > 0 || Number.isFinite(slope)) return gates;
  return [invalid(text.where(['balance']), 'must be finite at rest', `dV/dt = ${slope} mV/ms`)];
}

/** Ties that a file's own values break. A tied parameter may leave its range while others are inferred: it has no coordinate of its own. */
function tiedValueViolations(model: Model, file: ModelFile, text: ModelText): Violation[] {
  const values = evaluateProgram(model.tiedValues, ownValues(model));
  return model.tied.flatMap(({ name, unit }) => {
    const value = values[name] ?? Number.NaN;
    const positive = file.parameters[name]?.positive === true;
    if (Number.isFinite(value) && (value > 0 || !positive)) return [];
    const rule = `must give a ${positive ? 'value above 0' : 'finite value'} at the values of the other parameters`;
    return [invalid(text.where(['tied', name]), rule, `${value} ${unit}`)];
  });
}

function ownValues({ parameters }: Model): Record<string, number> {
  return Object.fromEntries(parameters.map(({ name, value }) => [name, value]));
}
