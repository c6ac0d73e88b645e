/**
 * NeuroML 2 (Cannon et al. 2014, Front Neuroinform 8:79): channels, one cell for the median and for each replica, and a LEMS simulation. What
 * NeuroML can say is a single compartment with currents of the form conductance * gates^integer * (V - potential) and gates of V alone; any
 * other model is refused by name. Rates keep their equations, as LEMS component types inside the file.
 *
 * Densities and areas: NeuroML wants densities. A model per area takes a cylinder of 1000 um2; one in whole-cell units a cylinder whose area is
 * its capacitance over 1 uF/cm2. Currents are scaled by that area, so that V is the same.
 *
 * What NeuroML cannot say: gates that begin elsewhere than at their steady state at V(0). The simulation begins there.
 */
import { LoligoError, type Violation } from '../../schemas/errors.ts';
import type { Definition } from '../models/definitions.ts';
import type { Expression } from '../models/equation.ts';
import { untiedValues } from '../models/parameter-values.ts';
import { combine, parseUnit, sameUnit } from '../models/units.ts';
import type { Ensemble, ModelSource, Neuron, Stretch } from './ensemble.ts';
import { expressionText } from './expression-text.ts';

interface NeuromlFiles {
  readonly nml: string;
  readonly lems: string;
}

/** `file` is the name of the .nml that the LEMS file includes. Throws SPEC_UNSUPPORTED with every reason. */
export function neuromlFiles(ensemble: Ensemble, file: string): NeuromlFiles {
  const { source, neurons, stretches } = ensemble;
  const channels = channelsOf(source);
  const perArea = isPerArea(source);
  const ids = neurons.map(({ label }, row) => `${label === 'median' ? 'median' : 'replica'}_${row}`);
  // kinetics that are inferred differ from cell to cell
  const kinetic = source.model.gateRates.inputs.filter((name) => source.model.parameters.some((parameter) => parameter.name === name));
  const shared = kinetic.every((name) => neurons.every(({ parameters }) => parameters[name] === neurons[0]!.parameters[name]));
  const suffixes = shared ? [''] : ids.map((id) => `_${id}`);
  const kinds = suffixes.flatMap((suffix, row) => channelLines(source, channels, neurons[row]!, suffix));
  const types = suffixes.flatMap((suffix, row) => rateTypes(source, neurons[row]!, suffix));
  const cells = neurons.flatMap((neuron, row) => cellLines(source, channels, neuron, ids[row]!, suffixes[shared ? 0 : row]!, perArea));
  const inputs = neurons.flatMap((neuron, row) =>
    inputLines(stretches[neuron.stretch]!, `stimulus_${ids[row]}`, areaOf(source, neuron, perArea), source, perArea),
  );
  const network = [
    '  <network id="network">',
    ...ids.map((id) => `    <population id="population_${id}" component="${id}" size="1"/>`),
    ...ids.map((id) => `    <explicitInput target="population_${id}[0]" input="stimulus_${id}"/>`),
    '  </network>',
  ];
  const nml = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<neuroml xmlns="http://www.neuroml.org/schema/neuroml2" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.neuroml.org/schema/neuroml2 https://raw.github.com/NeuroML/NeuroML2/master/Schemas/NeuroML2/NeuroML_v2.3.xsd" id="' +
      `${nmlId(ensemble.name)}">`,
    `  <notes>${escaped([...ensemble.origin, `Model: ${source.model.name}. ${source.file.source}`, AREA_NOTE(perArea), GATE_NOTE].join('\n'))}</notes>`,
    ...kinds,
    ...cells,
    ...inputs,
    ...network,
    ...types,
    '</neuroml>',
    '',
  ].join('\n');
  return { nml, lems: lemsFile(ensemble, file, ids) };
}

const AREA_NOTE = (perArea: boolean): string =>
  perArea
    ? 'The cell is a cylinder of 1000 um2; the injected current density is scaled by that area.'
    : 'Whole-cell values: the area of each cell is its capacitance over 1 uF/cm2, and conductances are divided by it.';
const GATE_NOTE =
  'Gates begin at their steady state at V(0): NeuroML has no place for inferred initial gates. V may differ at the beginning.';

/** One current: conductance * gates^integer * (V - potential). */
interface Channel {
  readonly name: string;
  readonly conductance: string;
  readonly potential: string;
  readonly gates: readonly { readonly name: string; readonly power: number }[];
}

function channelsOf(source: ModelSource): Channel[] {
  const { definitions, file } = source;
  const violations: Violation[] = [];
  for (const name of Object.keys(file.pools ?? {}))
    violations.push(lacking(name, 'must have gates alone: pools are not exported to NeuroML'));
  const balance = definitions.find(({ role }) => role === 'balance');
  const summed = balance?.expression === undefined ? undefined : subtracted(balance.expression);
  const currents = definitions.filter(({ role }) => role === 'current');
  const names = currents.map(({ path }) => String(path.at(-1)));
  if (summed === undefined || summed.toSorted().join(' ') !== names.toSorted().join(' '))
    violations.push(lacking('balance', 'must be I less every current', balance?.equation));
  const channels = currents.map((definition) => channelOf(definition, source) ?? lackingCurrent(definition));
  for (const channel of channels) if ('rule' in channel) violations.push(channel);
  const [first, ...rest] = violations;
  if (first !== undefined) throw new LoligoError([first, ...rest]);
  return channels.filter((channel) => 'conductance' in channel);
}

function lacking(where: string, rule: string, got?: string): Violation {
  return {
    code: 'SPEC_UNSUPPORTED',
    where: `model.${where}`,
    rule,
    ...(got === undefined ? {} : { got }),
    remedy: 'Export to brian2, which takes any model.',
  };
}

function lackingCurrent({ path, equation }: Definition): Violation {
  return lacking(path.join('.'), 'must be conductance * gates^integer * (V - potential) for NeuroML', equation);
}

/** The currents of I - A - B - ...; undefined where it is something else. */
function subtracted(expression: Expression): string[] | undefined {
  if (expression.kind === 'name') return expression.name === 'I' ? [] : undefined;
  if (expression.kind !== 'operation' || expression.operator !== '-' || expression.right.kind !== 'name') return undefined;
  const before = subtracted(expression.left);
  return before === undefined ? undefined : [...before, expression.right.name];
}

function channelOf({ path, expression }: Definition, { model, file }: ModelSource): Channel | undefined {
  const isGate = (name: string): boolean => file.gates?.[name] !== undefined;
  const isValue = (name: string): boolean =>
    [...model.parameters, ...model.tied].some((parameter) => parameter.name === name) || file.constants?.[name] !== undefined;
  const gates = new Map<string, number>();
  let conductance: string | undefined;
  let potential: string | undefined;
  for (const factor of expression === undefined ? [] : factorsOf(expression)) {
    if (factor.kind === 'name' && isGate(factor.name)) gates.set(factor.name, (gates.get(factor.name) ?? 0) + 1);
    else if (factor.kind === 'name' && isValue(factor.name) && conductance === undefined) conductance = factor.name;
    else if (factor.kind === 'operation' && factor.operator === '^' && factor.left.kind === 'name' && isGate(factor.left.name)) {
      const power = factor.right.kind === 'number' ? factor.right.value : NaN;
      if (!Number.isInteger(power) || power < 1) return undefined;
      gates.set(factor.left.name, (gates.get(factor.left.name) ?? 0) + power);
    } else if (isDrive(factor) && isValue(factor.right.name) && potential === undefined) potential = factor.right.name;
    else return undefined;
  }
  if (conductance === undefined || potential === undefined) return undefined;
  return { name: String(path.at(-1)), conductance, potential, gates: [...gates].map(([name, power]) => ({ name, power })) };
}

function factorsOf(expression: Expression): Expression[] {
  if (expression.kind !== 'operation' || expression.operator !== '*') return [expression];
  return [...factorsOf(expression.left), ...factorsOf(expression.right)];
}

function isDrive(
  factor: Expression,
): factor is Extract<Expression, { kind: 'operation' }> & { right: Extract<Expression, { kind: 'name' }> } {
  return (
    factor.kind === 'operation' &&
    factor.operator === '-' &&
    factor.left.kind === 'name' &&
    factor.left.name === 'V' &&
    factor.right.kind === 'name'
  );
}

function isPerArea({ model }: ModelSource): boolean {
  const unit = parseUnit(model.currentUnit)!;
  return unit[1] !== 0; // a length in it
}

/** um2: see the head. */
function areaOf(source: ModelSource, neuron: Neuron, perArea: boolean): number {
  if (perArea) return 1000;
  return valueOf(source, neuron, source.file.capacitance, 'F') / FARAD_PER_UM2;
}

/** 1 uF/cm2 */
const FARAD_PER_UM2 = 1e-14;

/** A parameter, tied parameter or constant in an SI unit. */
function valueOf(source: ModelSource, neuron: Neuron, name: string, si: string): number {
  const { model, file } = source;
  const constant = file.constants?.[name];
  const value = constant?.value ?? untiedValues(model, neuron.parameters)[name]!;
  const unit = constant?.unit ?? [...model.parameters, ...model.tied].find((parameter) => parameter.name === name)!.unit;
  return value * scaleTo(unit, si);
}

function scaleTo(unit: string, si: string): number {
  const ratio = combine(parseUnit(unit)!, parseUnit(si)!, -1);
  const scale = ratio.at(-1)!;
  if (
    !sameUnit(
      [...ratio.slice(0, -1), 0],
      ratio.map(() => 0),
    )
  )
    throw new Error(`internal: ${unit} is not a unit like ${si}`);
  return 10 ** scale;
}

function channelLines({ file }: ModelSource, channels: readonly Channel[], _neuron: Neuron, suffix: string): string[] {
  return channels.flatMap(({ name, gates }) => {
    const id = `channel_${name}${suffix}`;
    if (gates.length === 0) return [`  <ionChannel id="${id}" type="ionChannelPassive" conductance="10pS"/>`];
    return [
      `  <ionChannel id="${id}" type="ionChannelHH" conductance="10pS">`,
      ...gates.flatMap(({ name: gate, power }) => gateLines(gate, power, 'tau' in file.gates![gate]!, suffix)),
      '  </ionChannel>',
    ];
  });
}

function gateLines(gate: string, power: number, byTau: boolean, suffix: string): string[] {
  const parts = byTau
    ? [`<timeCourse type="tau_${gate}${suffix}"/>`, `<steadyState type="inf_${gate}${suffix}"/>`]
    : [`<forwardRate type="alpha_${gate}${suffix}"/>`, `<reverseRate type="beta_${gate}${suffix}"/>`];
  return [
    `    <gate id="${gate}" type="${byTau ? 'gateHHtauInf' : 'gateHHrates'}" instances="${power}">`,
    ...parts.map((part) => `      ${part}`),
    '    </gate>',
  ];
}

function cellLines(
  source: ModelSource,
  channels: readonly Channel[],
  neuron: Neuron,
  id: string,
  suffix: string,
  perArea: boolean,
): string[] {
  const area = areaOf(source, neuron, perArea);
  const side = Math.sqrt(area / Math.PI);
  const density = (name: string): number =>
    perArea ? valueOf(source, neuron, name, 'mS/cm^2') : (1e3 * valueOf(source, neuron, name, 'S')) / (area * 1e-8);
  const capacitance = perArea ? valueOf(source, neuron, source.file.capacitance, 'uF/cm^2') : 1;
  return [
    `  <cell id="${id}">`,
    `    <notes>${escaped(neuron.label)}</notes>`,
    `    <morphology id="morphology_${id}">`,
    '      <segment id="0" name="soma">',
    `        <proximal x="0" y="0" z="0" diameter="${exact(side)}"/>`,
    `        <distal x="0" y="${exact(side)}" z="0" diameter="${exact(side)}"/>`,
    '      </segment>',
    '      <segmentGroup id="soma_group"><member segment="0"/></segmentGroup>',
    '    </morphology>',
    `    <biophysicalProperties id="biophysics_${id}">`,
    '      <membraneProperties>',
    ...channels.map(
      ({ name, conductance, potential }) =>
        `        <channelDensity id="density_${name}" ionChannel="channel_${name}${suffix}" condDensity="${exact(density(conductance))} mS_per_cm2" erev="${exact(valueOf(source, neuron, potential, 'mV'))} mV" ion="non_specific"/>`,
    ),
    '        <spikeThresh value="-10 mV"/>',
    `        <specificCapacitance value="${exact(capacitance)} uF_per_cm2"/>`,
    `        <initMembPotential value="${exact(neuron.initial['V']!)} mV"/>`,
    '      </membraneProperties>',
    '      <intracellularProperties><resistivity value="0.1 kohm_cm"/></intracellularProperties>',
    '    </biophysicalProperties>',
    '  </cell>',
  ];
}

/** A ramp for each stretch of time in which the current is one line. */
function inputLines({ current, sampleMs }: Stretch, id: string, area: number, { model }: ModelSource, perArea: boolean): string[] {
  const nanoampere = perArea ? scaleTo(model.currentUnit, 'A/cm^2') * area * 1e-8 * 1e9 : scaleTo(model.currentUnit, 'nA');
  const ends = [0];
  for (let i = 1; i + 1 < current.length; i++) {
    const before = current[i]! - current[i - 1]!;
    if (Math.abs(current[i + 1]! - current[i]! - before) > 1e-9 * (1 + Math.abs(before))) ends.push(i);
  }
  ends.push(current.length - 1);
  const ramps = ends.slice(1).map((to, k) => {
    const from = ends[k]!;
    const [start, finish] = [current[from]! * nanoampere, current[to]! * nanoampere];
    return `    <rampGenerator id="${id}_${k}" delay="${exact(from * sampleMs)} ms" duration="${exact((to - from) * sampleMs)} ms" startAmplitude="${exact(start)} nA" finishAmplitude="${exact(finish)} nA" baselineAmplitude="0 nA"/>`;
  });
  return [`  <compoundInput id="${id}">`, ...ramps, '  </compoundInput>'];
}

/** LEMS component types of the gates' rates, with the parameters' values of one neuron. */
function rateTypes(source: ModelSource, neuron: Neuron, suffix: string): string[] {
  const { definitions, file } = source;
  return Object.entries(file.gates ?? {}).flatMap(([name, gate]) => {
    const equation = (key: string): Expression =>
      inlined(definitions.find(({ path }) => path.join('/') === `gates/${name}/${key}`)!.expression!, source);
    if ('tau' in gate)
      return [
        ...rateType(`tau_${name}${suffix}`, 'time', equation('tau'), source, neuron),
        ...rateType(`inf_${name}${suffix}`, 'variable', equation('infinity'), source, neuron),
      ];
    return ['alpha', 'beta'].flatMap((key) =>
      rateType(`${key}_${name}${suffix}`, 'rate', equation(key as 'alpha' | 'beta'), source, neuron),
    );
  });
}

const RATE_KINDS = {
  rate: { base: 'baseVoltageDepRate', exposure: 'r', dimension: 'per_time', unit: ' / MS' },
  time: { base: 'baseVoltageDepTime', exposure: 't', dimension: 'time', unit: ' * MS' },
  variable: { base: 'baseVoltageDepVariable', exposure: 'x', dimension: 'none', unit: '' },
} as const;

/** Changes exprel by 5e-9 of its value; where x is as small, rounding by as much again. */
const OFF_ZERO = 1e-8;

/**
 * exprel(x) = (exp(x) - 1) / x is written so, of x moved by OFF_ZERO: LEMS would divide 0 by 0. A variable with a case for x near 0 is no way out:
 * the schema wants it behind the rate that needs it, jNeuroML then takes its value of the step before, and its NEURON files do not compile.
 */
function rateType(name: string, kind: keyof typeof RATE_KINDS, expression: Expression, source: ModelSource, neuron: Neuron): string[] {
  const { base, exposure, dimension, unit } = RATE_KINDS[kind];
  /** of each exprel */
  const linear: string[] = [];
  const values = untiedValues(source.model, neuron.parameters);
  const text = expressionText(expression, {
    power: '^',
    name: (one) => (one === 'V' ? 'V' : number(source.file.constants?.[one]?.value ?? values[one]!)),
    call: (call, argument) => {
      if (call !== 'exprel') return `${call}(${argument})`;
      const k = linear.push(argument) - 1;
      return `q${k}`;
    },
  });
  const derived = (variable: string, written: string): string =>
    `      <DerivedVariable name="${variable}" dimension="none" value="${written}"/>`;
  return [
    `  <ComponentType name="${name}" extends="${base}">`,
    '    <Constant name="MV" dimension="voltage" value="1 mV"/>',
    ...(unit === '' ? [] : ['    <Constant name="MS" dimension="time" value="1 ms"/>']),
    '    <Dynamics>',
    derived('V', 'v / MV'),
    ...linear.flatMap((argument, k) => [derived(`z${k}`, `${argument} + ${OFF_ZERO}`), derived(`q${k}`, `(exp(z${k}) - 1) / z${k}`)]),
    `      <DerivedVariable name="${exposure}" exposure="${exposure}" dimension="${dimension}" value="${unit === '' ? text : `(${text})${unit}`}"/>`,
    '    </Dynamics>',
    '  </ComponentType>',
  ];
}

/** Functions of the model written out: a component type knows none. */
function inlined(expression: Expression, source: ModelSource): Expression {
  const inner = (part: Expression): Expression => inlined(part, source);
  switch (expression.kind) {
    case 'number':
      return expression;
    case 'name': {
      const meant = source.definitions.find(({ role, path }) => role === 'function' && path.at(-1) === expression.name)?.expression;
      return meant === undefined ? expression : inner(meant);
    }
    case 'negation':
      return { ...expression, operand: inner(expression.operand) };
    case 'call':
      return { ...expression, argument: inner(expression.argument) };
    case 'operation':
      return { ...expression, left: inner(expression.left), right: inner(expression.right) };
    default:
      return expression satisfies never;
  }
}

/**
 * Longest step of the simulation, ms. jNeuroML goes by forward Euler: in 50 ms spikes are off by 0.05 to 0.3 ms, in a few seconds; by 0.01 ms, its
 * habit, they are off by 0.5 to 3 ms. It writes every step: 1.1 MB for each cell and 50 ms.
 */
const STEP_MS = 0.001;

function lemsFile({ name, stretches }: Ensemble, file: string, ids: readonly string[]): string {
  const lengthMs = Math.max(...stretches.map(({ current, sampleMs }) => (current.length - 1) * sampleMs));
  const stepMs = Math.min(...stretches.map(({ sampleMs }) => sampleMs / Math.ceil(sampleMs / STEP_MS - 1e-9)));
  return [
    '<Lems>',
    '  <Target component="simulation"/>',
    ...['Cells.xml', 'Networks.xml', 'Simulation.xml', file].map((included) => `  <Include file="${included}"/>`),
    `  <Simulation id="simulation" length="${exact(lengthMs)} ms" step="${exact(stepMs)} ms" target="network">`,
    `    <OutputFile id="voltages" fileName="${nmlId(name)}-V.dat">`,
    ...ids.map((id) => `      <OutputColumn id="${id}" quantity="population_${id}[0]/v"/>`),
    '    </OutputFile>',
    '  </Simulation>',
    '</Lems>',
    '',
  ].join('\n');
}

/** An identifier of the schema: letters, digits and underscores. */
function nmlId(name: string): string {
  const id = name.replaceAll(/\W/g, '_');
  return /^[A-Za-z_]/.test(id) ? id : `_${id}`;
}

function number(value: number): string {
  return value < 0 ? `(${exact(value)})` : exact(value);
}

function exact(value: number): string {
  return String(Number(value.toPrecision(12)));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
