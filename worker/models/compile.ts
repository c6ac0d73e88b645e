/**
 * Compiles the text of a model file to a Model: reads and checks it (model-file.ts, definitions.ts, unit-check.ts,
 * parameter-check.ts), then writes its equations as programs. All violations are thrown together.
 */
import type { GateFile, ModelFile } from '../../schemas/generated/types.ts';
import { throwIfAny } from '../../schemas/errors.ts';
import type { Violation } from '../../schemas/errors.ts';
import { cycleViolations, declarationViolations, isNamed, nameOf, nameViolations, readDefinitions } from './definitions.ts';
import type { Definition } from './definitions.ts';
import type { Expression } from './equation.ts';
import { createEquationWriter } from './equation-writer.ts';
import type { Meaning } from './equation-writer.ts';
import { add, constant, createGraph, div, emit, input, mul, sub, unary } from './graph.ts';
import type { Graph, Node } from './graph.ts';
import { createScalar } from './interpret.ts';
import type { Gate, Model, Parameter } from './model.ts';
import { invalid, readModelFile } from './model-file.ts';
import type { ModelText } from './model-file.ts';
import { capacitanceValue, capacitanceViolations, defaultStart, parameterViolations, unusedViolations } from './parameter-check.ts';
import type { Program } from './program.ts';
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
    ...names,
    ...cycleViolations(definitions, read.text),
    ...unitViolations(definitions, model, read.text),
    ...parameterViolations(model, read.text),
    ...(syntax.length + names.length > 0 ? [] : unusedViolations(model, definitions, read.text)),
  ]);
  const compiled = modelOf(model, definitions);
  throwIfAny(restViolations(compiled, read.text));
  return compiled;
}

function refuse(violations: readonly Violation[]): never {
  throwIfAny(violations);
  throw new Error('internal: a model file was refused without a violation');
}

function modelOf(file: ModelFile, definitions: readonly Definition[]): Model {
  const graph = createGraph();
  const gates = gatesOf(file);
  const write = createEquationWriter(graph, (name) => meaningOf(graph, name, file, definitions));
  const expression = (...path: readonly string[]): Node => write(expressionAt(definitions, path));
  const kinetics = gates.map(({ name }) => kineticsOf(graph, name, file.gates?.[name], expression));
  const balance = expression('balance');
  const capacitance = write({ kind: 'name', at: 0, name: file.capacitance });
  const outputs = (prefix: string, node: (gate: Kinetics) => Node): { name: string; node: Node }[] =>
    kinetics.map((gate) => ({ name: `${prefix}:${gate.name}`, node: node(gate) }));

  return {
    name: file.name,
    source: file.source,
    currentUnit: file.current,
    rest: file.rest,
    gates,
    parameters: parametersOf(file),
    derivatives: emit(graph, [{ name: 'd:V', node: div(graph, balance, capacitance) }, ...outputs('d', ({ slope }) => slope)]),
    currentResidual: emit(graph, [{ name: 'residual:V', node: residualOfV(graph, capacitance, balance, capacitanceValue(file)) }]),
    gateResiduals: emit(
      graph,
      outputs('residual', (gate) => residualOfGate(graph, gate)),
    ),
    gateRates: emit(graph, [...outputs('inf', ({ steady }) => steady), ...outputs('rate', ({ rate }) => rate)]),
  };
}

/** A gate x obeys dx/dt = slope = rate * (steady - x). */
interface Kinetics {
  readonly name: string;
  readonly rate: Node;
  readonly steady: Node;
  readonly slope: Node;
}

function kineticsOf(graph: Graph, name: string, gate: GateFile | undefined, expression: (...path: readonly string[]) => Node): Kinetics {
  const x = input(graph, name);
  if (gate !== undefined && 'tau' in gate) {
    const tau = expression('gates', name, 'tau');
    const steady = expression('gates', name, 'infinity');
    return { name, steady, rate: div(graph, constant(graph, 1), tau), slope: div(graph, sub(graph, steady, x), tau) };
  }
  const alpha = expression('gates', name, 'alpha');
  const rate = add(graph, alpha, expression('gates', name, 'beta'));
  return { name, steady: div(graph, alpha, rate), rate, slope: sub(graph, alpha, mul(graph, rate, x)) };
}

/** (C d:V - balance) / C0 with the number C0: linear in C and in conductances. */
function residualOfV(graph: Graph, capacitance: Node, balance: Node, c0: number): Node {
  return div(graph, sub(graph, mul(graph, capacitance, input(graph, 'd:V')), balance), constant(graph, c0));
}

function residualOfGate(graph: Graph, { name, rate, slope }: Kinetics): Node {
  return div(graph, sub(graph, input(graph, `d:${name}`), slope), unary(graph, 'sqrt', rate));
}

function meaningOf(graph: Graph, name: string, file: ModelFile, definitions: readonly Definition[]): Meaning {
  const definition = definitions.find((candidate) => isNamed(candidate) && nameOf(candidate) === name);
  if (definition?.expression !== undefined) return { kind: 'definition', expression: definition.expression };
  const value = file.constants?.[name]?.value;
  return { kind: 'node', node: value === undefined ? input(graph, name) : constant(graph, value) };
}

function expressionAt(definitions: readonly Definition[], path: readonly string[]): Expression {
  const expression = definitions.find((definition) => definition.path.join('/') === path.join('/'))?.expression;
  if (expression === undefined) throw new Error(`internal: no equation at ${path.join('.')}`);
  return expression;
}

/** Without a word in the file a gate's first value is inferred: safe for any, if slower than tying a fast one. */
function gatesOf(file: ModelFile): Gate[] {
  return Object.entries(file.gates ?? {}).map(([name, { initial }]) => ({ name, initial: initial ?? 'free' }));
}

function parametersOf(file: ModelFile): Parameter[] {
  return Object.entries(file.parameters).map(([name, parameter]) => {
    const { unit, value, range, positive = false, start = defaultStart(parameter) } = parameter;
    return { name, unit, value, range, positive, start };
  });
}

/** Where a simulation starts, everything must be a number, and gates must approach a steady state between 0 and 1. */
function restViolations(model: Model, text: ModelText): Violation[] {
  const values = new Map([['V', model.rest], ['I', 0], ...model.parameters.map(({ name, value }) => [name, value] as const)]);
  const kinetics = evaluate(model.gateRates, values);
  const gates = model.gates.flatMap(({ name }) => {
    const steady = kinetics.get(`inf:${name}`) ?? Number.NaN;
    const rate = kinetics.get(`rate:${name}`) ?? Number.NaN;
    values.set(name, steady);
    if (steady >= 0 && steady <= 1 && rate > 0 && rate < Infinity) return [];
    const rule = 'must at rest have a steady state from 0 to 1 and a rate above 0';
    const remedy = 'Where x / (exp(x) - 1) is 0 / 0, write 1 / exprel(x).';
    return [invalid(text.whereKey(['gates', name]), rule, `${steady} and ${rate} per ms`, remedy)];
  });
  const slope = evaluate(model.derivatives, values).get('d:V') ?? Number.NaN;
  if (gates.length > 0 || Number.isFinite(slope)) return gates;
  return [invalid(text.where(['balance']), 'must be finite at rest', `dV/dt = ${slope} mV/ms`)];
}

function evaluate(program: Program, values: ReadonlyMap<string, number>): Map<string, number> {
  const results = new Float64Array(program.outputs.length);
  createScalar(program, [...values.keys()])(Float64Array.from(values.values()), results);
  return new Map(program.outputs.map(({ name }, index) => [name, results[index] ?? Number.NaN]));
}
