/** `loligo compare BASELINE DIR` */
import { readFileSync } from 'node:fs';
import type { CommandModule } from 'yargs';
import { EXIT, LoligoError, messageOf, type Violation } from '../../../schemas/errors.ts';
import type { Baseline } from '../../../schemas/generated/types.ts';
import { parseBaseline } from '../../../schemas/parse.ts';
import { compare as compareRuns } from '../../gate/compare.ts';
import { comparisonRows, comparisonTable, headline } from '../../gate/comparison-rows.ts';
import { comparisonJunit } from '../../gate/junit.ts';
import { comparisonMarkdown } from '../../gate/markdown.ts';
import { firstLine } from '../../results/outcome-line.ts';
import { readRun } from '../../results/run-directory.ts';
import { print, printJson, say, writeNamed } from '../output.ts';
import { recordRun } from '../record-run.ts';

interface CompareArguments {
  baseline: string;
  dir: string;
  junit: string | undefined;
  markdown: string | undefined;
  json: boolean;
}

export const compare: CommandModule<object, CompareArguments> = {
  command: 'compare <baseline> <dir>',
  describe: 'hold a run against a baseline: what is the same, what regressed; exit code 4 for a regression',
  builder: (yargs) =>
    yargs
      .positional('baseline', { type: 'string', demandOption: true, describe: 'file of "loligo baseline"' })
      .positional('dir', { type: 'string', demandOption: true, describe: 'run directory' })
      .option('junit', { type: 'string', requiresArg: true, describe: 'write JUnit XML: a test case for each comparison' })
      .option('markdown', { type: 'string', requiresArg: true, describe: 'write a comment for a merge request' })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON object' })
      .example('$0 compare nightly-baseline.json runs/nightly --junit compare.xml', 'the nightly gate'),
  handler: async ({ baseline, dir, junit, markdown, json }) => {
    const comparison = compareRuns(readBaseline(baseline), await recordRun(readRun(dir)));
    if (junit !== undefined) writeNamed(junit, comparisonJunit(comparison));
    if (markdown !== undefined) writeNamed(markdown, comparisonMarkdown(comparison));
    const rows = comparisonRows(comparison);
    for (const note of comparison.notes) say(`note: ${note}`);
    if (json) printJson(comparison);
    else print(comparisonTable(rows));
    say(headline(comparison, rows));
    if (comparison.verdict === 'regressed') process.exitCode = EXIT.regression;
  },
};

function readBaseline(path: string): Baseline {
  const within = (violation: Violation): Violation => ({ ...violation, where: `${path}: ${violation.where}` });
  try {
    return parseBaseline(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    const [first, ...others] = cause instanceof LoligoError ? cause.violations.map(within) : [];
    if (first !== undefined && !first.where.endsWith(': baseline')) throw new LoligoError([first, ...others], { cause });
    // a whole file of something else lacks every key, which one line says
    const got = first === undefined ? firstLine(messageOf(cause)) : 'another file';
    const remedy = 'Write one with "loligo baseline DIR -o FILE".';
    throw new LoligoError([{ code: 'BASELINE_INVALID', where: path, rule: 'must be a file of "loligo baseline"', got, remedy }], { cause });
  }
}
