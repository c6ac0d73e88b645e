/** `loligo report DIR` */
import type { CommandModule } from 'yargs';
import { readCalibration } from '../../calibration/named-calibration.ts';
import { readRun } from '../../results/run-directory.ts';
import { calibrationOption } from '../calibration-option.ts';
import { describeSummary } from '../describe-summary.ts';
import { print } from '../output.ts';

export const report: CommandModule<object, { dir: string; calibration: string | undefined; 'group-by': string | undefined }> = {
  command: 'report <dir>',
  describe: 'write report.html, summary.json and the Parquet tables of a run directory',
  builder: (yargs) =>
    yargs
      .positional('dir', { type: 'string', demandOption: true, describe: 'run directory' })
      .option('calibration', calibrationOption)
      .option('group-by', {
        type: 'string',
        requiresArg: true,
        describe: 'axes of the sweep, separated by commas: tables and distributions for each combination of their values',
      })
      .example('$0 report runs/demo', 'make the report again, also while the sweep runs')
      .example('$0 report runs/demo --group-by network.width,draw', 'and parameters by width and noise draw'),
  handler: async ({ dir, calibration, 'group-by': axes }) => {
    const run = readRun(dir);
    const named = calibration === undefined ? undefined : readCalibration(calibration);
    // charts take long to load: not for the help of another command
    const { buildReport } = await import('../build-report.ts');
    const { summary, report: path } = await buildReport(run, {
      calibration: named,
      groupBy: axes?.split(',').map((axis) => axis.trim()) ?? [],
    });
    print(describeSummary(summary));
    print(path);
  },
};
