/** `loligo simulate MODEL` */
import type { CommandModule } from 'yargs';
import { parse as parseYaml } from 'yaml';
import { LoligoError, messageOf, type Violation } from '../../../schemas/errors.ts';
import { violationsOf } from '../../../schemas/violations.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { isPool, type Gate, type Model } from '../../../worker/models/model.ts';
import { simulate as simulateForward } from '../../../worker/simulate/forward.ts';
import { simulationTable } from '../../../worker/simulate/simulation-table.ts';
import { sampleStimulus } from '../../../worker/simulate/stimuli.ts';
import { syntheticUnit } from '../../../worker/train/observe.ts';
import type { SyntheticCell } from '../../../worker/train/truths.ts';
import { print, say, writeNamed } from '../output.ts';

interface SimulateArguments {
  model: string;
  set: string[];
  stimulus: string;
  duration: number;
  sample: number;
  plot: string | undefined;
}

export const simulate: CommandModule<object, SimulateArguments> = {
  command: 'simulate <model>',
  describe: 'forward solution of a model as CSV',
  builder: (yargs) =>
    yargs
      .positional('model', { type: 'string', demandOption: true, describe: 'name of a built-in model, or a model file' })
      .option('set', {
        requiresArg: true,
        type: 'string',
        array: true,
        default: [],
        describe: "parameters as name=value, in the model's units",
      })
      .option('stimulus', { requiresArg: true, type: 'string', default: '{ step: { amplitude: 10 } }', describe: 'as in a spec (YAML)' })
      .option('duration', { requiresArg: true, type: 'number', default: 50, describe: 'ms' })
      .option('sample', { requiresArg: true, type: 'number', default: 0.1, describe: 'ms between samples' })
      .option('plot', { requiresArg: true, type: 'string', describe: 'write an SVG picture to this file instead of CSV' })
      .example(
        "$0 simulate hodgkin-huxley --set gNa=100 --stimulus '{ ramp: { from: 0, to: 20 } }' --plot hh.svg",
        'a picture of a ramp response',
      ),
  handler: async ({ model: name, set, stimulus, duration, sample, plot }) => {
    const { model } = loadModel(name, process.cwd());
    const entry = { stimulus: readYaml(stimulus), durationMs: duration, sampleMs: sample };
    const source = sourceOf(model, { ...checkedEntry(entry), parameters: parseAssignments(set) });
    const current = sampleStimulus(source.stimulus, source);
    // of a model with ties every parameter can be set, and follows its tie otherwise
    const outcome = simulateForward(model.untied ?? model, {
      parameters: source.parameters,
      initial: { V: source.initialMv },
      current,
      sampleMs: source.sampleMs,
    });
    if (outcome.kind === 'failed')
      throw new LoligoError([
        {
          code: 'SPEC_DATA',
          where: `simulate ${name}`,
          rule: 'the simulation must stay finite',
          got: `${outcome.reason} at ${outcome.atMs} ms`,
        },
      ]);
    if (plot === undefined) return printTable(model, outcome.states, current, source.sampleMs);
    const { V, gates, pools } = drawn(model, outcome.states);
    const tMs = Float64Array.from(current, (_, i) => i * source.sampleMs);
    const { simulationSvg } = await import('../../report/simulation-svg.ts'); // charts take long to load
    writeNamed(plot, simulationSvg({ title: model.name, tMs, voltageMv: V, current, currentUnit: model.currentUnit, gates, pools }));
    return say(`wrote ${plot}`);
  },
};

/** States by how they are drawn. */
function drawn({ gates }: Model, states: Readonly<Record<string, Float64Array>>) {
  const named = (chosen: readonly Gate[]) => chosen.map((gate) => ({ ...gate, values: states[gate.name]! }));
  return {
    V: states['V']!,
    gates: Object.fromEntries(named(gates.filter((gate) => !isPool(gate))).map(({ name, values }) => [name, values])),
    pools: Object.fromEntries(named(gates.filter((gate) => isPool(gate))).map(({ name, unit, values }) => [name, { unit, values }])),
  };
}

/** The checks and defaults of a spec's synthetic entry. */
function sourceOf(model: Model, entry: SyntheticCell) {
  const outcome = syntheticUnit(entry, 0, model, 0);
  if (outcome.kind === 'violations') throw new LoligoError([asOption(outcome.violations[0]), ...outcome.violations.slice(1).map(asOption)]);
  if (outcome.unit.source.kind !== 'synthetic') throw new Error('internal: a synthetic entry gave other data');
  return outcome.unit.source;
}

const OPTIONS: readonly (readonly [string, string])[] = [
  ['stimulus', '--stimulus'],
  ['durationMs', '--duration'],
  ['sampleMs', '--sample'],
  ['parameters', '--set'],
];

/** The place as the command line names it. */
function asOption(violation: Violation): Violation {
  const key = violation.where.replace(/^.*?problem\.data\[0\]\.synthetic\./, '');
  const option = OPTIONS.find(([name]) => key.startsWith(name));
  return option === undefined ? violation : { ...violation, where: key.replace(option[0], option[1]) };
}

function parseAssignments(assignments: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    assignments.map((assignment) => {
      const [name = '', text = ''] = assignment.split('=', 2);
      const value = Number(text);
      if (name !== '' && text !== '' && Number.isFinite(value)) return [name, value];
      throw new LoligoError([{ code: 'USAGE', where: '--set', rule: 'must be name=number', got: assignment }]);
    }),
  );
}

/** What a spec could hold in its place, checked by the spec's schema. */
function checkedEntry(entry: Readonly<Record<'stimulus' | 'durationMs' | 'sampleMs', unknown>>): SyntheticCell {
  const spec = { name: 'simulate', problem: { model: 'any', infer: ['any'], data: [{ synthetic: entry }] } };
  const [first, ...rest] = violationsOf('spec', spec, { code: 'USAGE', root: 'spec' }).map(asOption);
  if (first !== undefined) throw new LoligoError([first, ...rest]);
  return entry as SyntheticCell; // validated just above
}

function readYaml(text: string): unknown {
  try {
    return parseYaml(text);
  } catch (cause) {
    // the parser's second line repeats the text and points into it
    const got = messageOf(cause).split('\n')[0]!.replace(/:$/, '');
    throw new LoligoError([{ code: 'USAGE', where: '--stimulus', rule: 'must be YAML', got }], { cause });
  }
}

function printTable(model: Model, states: Readonly<Record<string, Float64Array>>, current: Float64Array, sampleMs: number): void {
  const table = simulationTable(model, states, current, sampleMs);
  const lines = [table.columns.join(',')];
  for (const row of table.rows()) lines.push(row.join(','));
  print(lines.join('\n'));
}
