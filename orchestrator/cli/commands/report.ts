/** `loligo report DIR` */
import type { CommandModule } from 'yargs';
import { readRun } from '../../results/run-directory.ts';
import { buildReport } from '../build-report.ts';
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
    const { summary, report: path } = await buildReport(readRun(dir));
    print(describeSummary(summary));
    print(path);
  },
};
