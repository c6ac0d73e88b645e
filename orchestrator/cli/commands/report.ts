/** `loligo report DIR` */
import type { CommandModule } from 'yargs';
import { readRun } from '../../results/run-directory.ts';
import { describeSummary } from '../describe-summary.ts';
import { print } from '../output.ts';

export const report: CommandModule<object, { dir: string }> = {
  command: 'report <dir>',
  describe: 'write report.html, summary.json and the Parquet tables of a run directory',
  builder: (yargs) =>
    yargs
      .positional('dir', { type: 'string', demandOption: true, describe: 'run directory' })
      .example('$0 report runs/demo', 'make the report again, also while the sweep runs'),
  handler: async ({ dir }) => {
    const run = readRun(dir);
    // charts take long to load: not for the help of another command
    const { buildReport } = await import('../build-report.ts');
    const { summary, report: path } = await buildReport(run);
    print(describeSummary(summary));
    print(path);
  },
};
