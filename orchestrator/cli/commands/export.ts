/** `loligo export DIR --to brian2|neuroml|csv|parquet` */
import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { LoligoError } from '../../../schemas/errors.ts';
import { expansionOf } from '../../expand/expansion.ts';
import { makeFolder } from '../../results/disk.ts';
import { readRun, type Run } from '../../results/run-directory.ts';
import type { TableFormat } from '../../results/table-export.ts';
import { plural } from '../../report/number-format.ts';
import { brian2Script } from '../../../worker/export/brian2.ts';
import { neuromlFiles } from '../../../worker/export/neuroml.ts';
import { acceptedReplicas, ensembleOf, type AcceptedReplica } from '../accepted-ensemble.ts';
import { parametersCsv, tracesCsv } from '../ensemble-csv.ts';
import { modelUnits } from '../model-units.ts';
import { print, say, writeNamed } from '../output.ts';

const FORMATS = ['brian2', 'neuroml', 'csv', 'parquet'] as const;

interface ExportArguments {
  dir: string;
  to: (typeof FORMATS)[number];
  out: string | undefined;
  replicas: number;
}

export const exportCommand: CommandModule<object, ExportArguments> = {
  command: 'export <dir>',
  describe: 'the inferred model and its accepted ensemble, for other simulators; all results as tables',
  builder: (yargs) =>
    yargs
      .positional('dir', { type: 'string', demandOption: true, describe: 'run directory' })
      .option('to', {
        choices: FORMATS,
        demandOption: true,
        requiresArg: true,
        describe: 'a Brian2 script, NeuroML 2 files, or tables with units in the column names',
      })
      .option('out', { type: 'string', requiresArg: true, describe: 'folder for the files [default: DIR/export]' })
      .option('replicas', {
        type: 'number',
        requiresArg: true,
        default: 1000,
        describe: 'at most so many of them, the first; the median is of all',
      })
      .example('$0 export runs/demo --to brian2', 'a script that simulates the median and every accepted replica in one run')
      .example('$0 export runs/demo --to parquet', 'every replica and its traces, with units in the column names'),
  handler: async ({ dir, to, out = join(dir, 'export'), replicas }) => {
    if (!Number.isInteger(replicas) || replicas < 1)
      throw new LoligoError([{ code: 'USAGE', where: '--replicas', rule: 'must be a whole number from 1 on', got: String(replicas) }]);
    const run = readRun(dir);
    const accepted = to === 'parquet' ? [] : await acceptedReplicas(run, { needed: to !== 'csv' });
    if (to === 'csv' || to === 'parquet') for (const path of await tablesOf(run, out, to)) print(path);
    if (to === 'parquet') return;
    if (accepted.length === 0) return say('no replica was accepted: there are no tables of parameters and traces');
    makeFolder(out);
    const kept = Math.min(accepted.length, replicas);
    const files = filesOf(to, run, accepted, kept);
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
function filesOf(
  to: Exclude<ExportArguments['to'], 'parquet'>,
  run: Run,
  accepted: readonly AcceptedReplica[],
  kept: number,
): [string, string][] {
  const { name } = run.lock.resolved;
  switch (to) {
    case 'csv': {
      const units = modelUnits(run);
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

/** Of every replica, accepted or not. Paths. */
async function tablesOf(run: Run, out: string, to: TableFormat): Promise<string[]> {
  const { foldResults } = await import('../../results/parquet.ts');
  const { exportTables } = await import('../../results/table-export.ts');
  makeFolder(out);
  await foldResults(run.path, expansionOf(run.lock.resolved).task, { units: modelUnits(run) });
  return exportTables(run.path, out, run.lock.resolved.name, to);
}
