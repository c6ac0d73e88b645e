/** `loligo export DIR --to brian2|neuroml|csv` */
import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { LoligoError } from '../../../schemas/errors.ts';
import { makeFolder } from '../../results/disk.ts';
import { readRun, type Run } from '../../results/run-directory.ts';
import { plural } from '../../report/number-format.ts';
import { brian2Script } from '../../../worker/export/brian2.ts';
import { modelSource } from '../../../worker/export/ensemble.ts';
import { neuromlFiles } from '../../../worker/export/neuroml.ts';
import { acceptedReplicas, ensembleOf, type AcceptedReplica } from '../accepted-ensemble.ts';
import { parametersCsv, tracesCsv, type EnsembleUnits } from '../ensemble-csv.ts';
import { print, say, writeNamed } from '../output.ts';

const FORMATS = ['brian2', 'neuroml', 'csv'] as const;

interface ExportArguments {
  dir: string;
  to: (typeof FORMATS)[number];
  out: string | undefined;
  replicas: number;
}

export const exportCommand: CommandModule<object, ExportArguments> = {
  command: 'export <dir>',
  describe: 'the inferred model and its accepted ensemble, for other simulators',
  builder: (yargs) =>
    yargs
      .positional('dir', { type: 'string', demandOption: true, describe: 'run directory' })
      .option('to', { choices: FORMATS, demandOption: true, requiresArg: true, describe: 'a Brian2 script, NeuroML 2 files, or tables' })
      .option('out', { type: 'string', requiresArg: true, describe: 'folder for the files [default: DIR/export]' })
      .option('replicas', {
        type: 'number',
        requiresArg: true,
        default: 1000,
        describe: 'at most so many of them, the first; the median is of all',
      })
      .example('$0 export runs/demo --to brian2', 'a script that simulates the median and every accepted replica in one run'),
  handler: async ({ dir, to, out = join(dir, 'export'), replicas }) => {
    if (!Number.isInteger(replicas) || replicas < 1)
      throw new LoligoError([{ code: 'USAGE', where: '--replicas', rule: 'must be a whole number from 1 on', got: String(replicas) }]);
    const run = readRun(dir);
    const accepted = await acceptedReplicas(run);
    const kept = Math.min(accepted.length, replicas);
    const files = filesOf(to, run, accepted, kept);
    makeFolder(out);
    for (const [name, text] of files) {
      writeNamed(join(out, name), text);
      print(join(out, name));
    }
    say(`${plural(kept, 'accepted replica')}${kept < accepted.length ? ` of ${accepted.length}` : ''}`);
    if (to === 'neuroml')
      say('note: gates begin at their steady state at V(0); NeuroML has no place for inferred initial gates. Brian2 scripts have.');
  },
};

/** Names and texts. */
function filesOf(to: ExportArguments['to'], run: Run, accepted: readonly AcceptedReplica[], kept: number): [string, string][] {
  const { name } = run.lock.resolved;
  switch (to) {
    case 'csv': {
      const units = unitsOf(run);
      const shown = accepted.slice(0, kept);
      return [
        [`${name}-parameters.csv`, parametersCsv(shown, units)],
        [`${name}-traces.csv`, tracesCsv(shown, units)],
      ];
    }
    case 'brian2':
      return [[`${name}-brian2.py`, brian2Script(ensembleOf(run, accepted, kept))]];
    case 'neuroml': {
      const file = `${name}.nml`;
      const { nml, lems } = neuromlFiles(ensembleOf(run, accepted, kept), file);
      return [
        [file, nml],
        [`LEMS_${name}.xml`, lems],
      ];
    }
    default:
      return to satisfies never;
  }
}

function unitsOf({ lock, objects }: Run): EnsembleUnits {
  const { name, object } = lock.resolved.problem.model;
  const { model } = modelSource(objects.get(object), name);
  const all: readonly { readonly name: string; readonly unit: string }[] = [...model.parameters, ...model.tied];
  return {
    parameters: Object.fromEntries(all.map((parameter) => [parameter.name, parameter.unit])),
    states: Object.fromEntries([{ name: 'V', unit: 'mV' }, ...model.gates].map((state) => [state.name, state.unit])),
  };
}
