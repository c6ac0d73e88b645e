/**
 * A Brian2 script (Stimberg, Brette, Goodman 2019, eLife 8:e47314): the model's equations with units, and one neuron for the median and for
 * each replica, so that one run simulates them all. It integrates by the classic Runge-Kutta method, whose steps end on the samples, and
 * gives the stimulus at half steps, so that it is linear between samples there too.
 *
 * Currents keep their text: their units agree as they are. Rates, functions and pools are written as plain numbers in the model's units (V/mvolt),
 * because the file's literals have no units, and what comes out is given its unit again.
 */
import type { Definition } from '../models/definitions.ts';
import { namesOf } from '../models/equation.ts';
import type { Ensemble, ModelSource, Neuron, Stretch } from './ensemble.ts';
import { expressionText } from './expression-text.ts';
import { scriptNames, type ScriptNames } from './script-names.ts';
import { brianDimension, brianUnit } from './unit-words.ts';

/** Longest step, ms: V is then within 1e-3 mV of the exact solution for Hodgkin-Huxley spikes. */
const STEP_MS = 0.01;

export function brian2Script(ensemble: Ensemble): string {
  const { source, stretches, neurons } = ensemble;
  const { model } = source;
  const sampleMs = Math.min(...stretches.map((stretch) => stretch.sampleMs));
  const perSample = Math.ceil(sampleMs / STEP_MS - 1e-9);
  const durationMs = Math.max(...stretches.map((stretch) => (stretch.current.length - 1) * stretch.sampleMs));
  return `"""
${ensemble.name}: the model that was inferred, for Brian2. Row 0 is the median of the accepted replicas, the others are the replicas.
${ensemble.origin.join('\n')}
Model: ${model.name}. ${source.file.source}

python3 SCRIPT.py [OUT.csv]   writes V of every row, in mV, at every ${exact(sampleMs)} ms
"""
import sys

import numpy as np
from brian2 import *

EQUATIONS = """
${equationsOf(source).join('\n')}
"""

# One row a neuron: the median on each stretch of data, then every accepted replica on its own.
ROWS = ${pythonList(neurons.map(({ label, stretch }) => `${label} on ${stretches[stretch]!.label}`))}
STRETCH = np.array(${pythonNumbers(neurons.map(({ stretch }) => stretch))})
PARAMETERS = {
${parameterLines(source, neurons).join('\n')}
}
INITIAL = {
${initialLines(source, neurons).join('\n')}
}

# The injected current on each stretch of data, in ${model.currentUnit}, linear between samples: (ms between samples, values).
STIMULI = [
${stretches.map((stretch) => `    (${exact(stretch.sampleMs)}, ${pythonCurrent(stretch)}),  # ${stretch.label}`).join('\n')}
]
DURATION_MS = ${exact(durationMs)}
SAMPLE_MS = ${exact(sampleMs)}
STEP_MS = SAMPLE_MS / ${perSample}


def stimulus_array():
    """The stimuli at half steps: what the Runge-Kutta method asks for."""
    times = np.arange(int(round(2 * DURATION_MS / STEP_MS)) + 3) * STEP_MS / 2
    columns = [np.interp(times, np.arange(len(values)) * sample_ms, values) for sample_ms, values in STIMULI]
    return TimedArray(np.array(columns).T * ${brianUnit(model.currentUnit)}, dt=STEP_MS / 2 * msecond)


def simulate():
    """Times in ms, and V in mV: one row a neuron, one column a sample."""
    start_scope()
    defaultclock.dt = STEP_MS * msecond
    stimulus = stimulus_array()
    neurons = NeuronGroup(len(ROWS), EQUATIONS, method='rk4', namespace={'stimulus': stimulus})
    neurons.stretch = STRETCH
    for name, values in {**PARAMETERS, **INITIAL}.items():
        setattr(neurons, name, values)
    monitor = StateMonitor(neurons, 'V', record=True, dt=SAMPLE_MS * msecond)
    network = Network(neurons, monitor)
    network.run((DURATION_MS + SAMPLE_MS / 2) * msecond)
    return monitor.t / msecond, monitor.V / mvolt


if __name__ == '__main__':
    times, V = simulate()
    out = sys.argv[1] if len(sys.argv) > 1 else 'brian2-V.csv'
    header = ','.join(['timeMs', *(f'"{row}"' for row in ROWS)])
    np.savetxt(out, np.column_stack([times, V.T]), delimiter=',', header=header, comments='', fmt='%.9g')
    print(f'{len(ROWS)} neurons, {DURATION_MS} ms: {out}')
`;
}

/** Lines of Brian2's equations. */
function equationsOf(source: ModelSource): string[] {
  const { file, model, definitions } = source;
  const words = wordsOf(source);
  const numeric = (definition: Definition): string => textOf(definition, words.numeric);
  const at = (...path: string[]): string => numeric(definitionAt(definitions, path));
  const lines = [`dV/dt = (${textOf(definitionAt(definitions, ['balance']), words.plain)})/${words.plain(file.capacitance)} : volt`];
  for (const name of Object.keys(file.gates ?? {})) {
    const gate = file.gates![name]!;
    const x = words.own(name);
    if ('tau' in gate) {
      const [infinity, tau] = [words.rate('inf', name), words.rate('tau', name)];
      lines.push(`d${x}/dt = (${infinity} - ${x})/${tau} : 1`, `${infinity} = ${at('gates', name, 'infinity')} : 1`);
      lines.push(`${tau} = (${at('gates', name, 'tau')})*msecond : second`);
    } else {
      lines.push(`d${x}/dt = ${words.rate('alpha', name)}*(1 - ${x}) - ${words.rate('beta', name)}*${x} : 1`);
      for (const rate of ['alpha', 'beta'] as const) lines.push(`${words.rate(rate, name)} = (${at('gates', name, rate)})/msecond : hertz`);
    }
  }
  for (const [name, { unit }] of Object.entries(file.pools ?? {}))
    lines.push(`d${words.own(name)}/dt = (${at('pools', name, 'derivative')})*${brianUnit(unit)}/msecond : ${brianDimension(unit)}`);
  for (const name of Object.keys(file.functions ?? {})) lines.push(`${words.own(name)} = ${at('functions', name)} : 1`);
  for (const name of Object.keys(file.currents)) {
    const definition = definitionAt(definitions, ['currents', name]);
    const asNumbers = namesOf(definition.expression!).some(({ name: mentioned }) => words.isNumber(mentioned));
    const text = asNumbers ? `(${numeric(definition)})*${brianUnit(model.currentUnit)}` : textOf(definition, words.plain);
    lines.push(`${words.own(name)} = ${text} : ${brianDimension(model.currentUnit)}`);
  }
  for (const { name, unit } of model.tied)
    lines.push(`${words.own(name)} = (${at('tied', name)})*${brianUnit(unit)} : ${brianDimension(unit)}`);
  for (const { name, unit } of model.parameters) lines.push(`${words.own(name)} : ${brianDimension(unit)} (constant)`);
  return [...lines, 'stretch : integer (constant)'];
}

interface Words extends ScriptNames {
  /** As it stands in an equation whose units agree. */
  readonly plain: (name: string) => string;
  /** As a plain number in the model's unit. */
  readonly numeric: (name: string) => string;
  /** Functions have no unit that the file tells, and pools one that currents do not ask for: a current that mentions one is written as numbers. */
  readonly isNumber: (name: string) => boolean;
}

function wordsOf({ file, model }: ModelSource): Words {
  const units = new Map<string, string>([
    ['V', 'mV'],
    ...[...model.parameters, ...model.tied].map(({ name, unit }): [string, string] => [name, unit]),
    ...Object.entries(file.pools ?? {}).map(([name, { unit }]): [string, string] => [name, unit]),
    ...Object.keys(file.currents).map((name): [string, string] => [name, model.currentUnit]),
  ]);
  const { own, rate } = scriptNames(file);
  const injected = 'stimulus(t, stretch)';
  const constantText = (name: string, withUnit: boolean): string | undefined => {
    const constant = file.constants?.[name];
    if (constant === undefined) return undefined;
    const { value, unit } = constant;
    return withUnit && unit !== '1' ? `(${exact(value)}*${brianUnit(unit)})` : value < 0 ? `(${exact(value)})` : exact(value);
  };
  return {
    own,
    rate,
    plain: (name) => (name === 'I' ? injected : (constantText(name, true) ?? own(name))),
    numeric: (name) => {
      if (name === 'I') return `(${injected}/(${brianUnit(model.currentUnit)}))`;
      const unit = units.get(name);
      const known = constantText(name, false);
      if (known !== undefined) return known;
      return unit === undefined || unit === '1' ? own(name) : `(${own(name)}/(${brianUnit(unit)}))`;
    },
    isNumber: (name) => file.functions?.[name] !== undefined || file.pools?.[name] !== undefined,
  };
}

function textOf({ expression, path }: Definition, name: (name: string) => string): string {
  if (expression === undefined) throw new Error(`internal: no equation at ${path.join('.')}`);
  return expressionText(expression, { power: '**', name, call: (call, argument) => `${call}(${argument})` });
}

function definitionAt(definitions: readonly Definition[], path: readonly string[]): Definition {
  const found = definitions.find((definition) => definition.path.join('/') === path.join('/'));
  if (found === undefined) throw new Error(`internal: no equation at ${path.join('.')}`);
  return found;
}

function parameterLines({ file, model }: ModelSource, neurons: readonly Neuron[]): string[] {
  const { own } = scriptNames(file);
  return model.parameters.map(({ name, unit }) =>
    arrayLine(
      own(name),
      unit,
      neurons.map(({ parameters }) => parameters[name]!),
    ),
  );
}

function initialLines({ file, model }: ModelSource, neurons: readonly Neuron[]): string[] {
  const { own } = scriptNames(file);
  const states = [{ name: 'V', unit: 'mV' }, ...model.gates];
  return states.map(({ name, unit }) =>
    arrayLine(
      own(name),
      unit,
      neurons.map(({ initial }) => initial[name]!),
    ),
  );
}

function arrayLine(own: string, unit: string, values: readonly number[]): string {
  const same = values.every((value) => value === values[0]);
  const array = same ? `np.full(len(ROWS), ${exact(values[0]!)})` : `np.array(${pythonNumbers(values)})`;
  return `    '${own}': ${array}${unit === '1' ? '' : ` * ${brianUnit(unit)}`},`;
}

function pythonCurrent({ current }: Stretch): string {
  return current.every((value) => value === current[0])
    ? `np.full(${current.length}, ${exact(current[0]!)})`
    : `np.array(${pythonNumbers(current)})`;
}

function pythonNumbers(values: ArrayLike<number>): string {
  return `[${Array.from(values, exact).join(', ')}]`;
}

function pythonList(texts: readonly string[]): string {
  return `[\n${texts.map((text) => `    ${JSON.stringify(text)},`).join('\n')}\n]`;
}

/** 12 digits: more than any estimate has. */
function exact(value: number): string {
  return String(Number(value.toPrecision(12)));
}
