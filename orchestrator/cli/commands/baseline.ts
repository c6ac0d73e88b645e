/** `loligo baseline DIR -o FILE` */
import type { CommandModule } from 'yargs';
import { LoligoError } from '../../../schemas/errors.ts';
import { baselineOf, baselineText, type ToleranceOptions } from '../../gate/baseline.ts';
import { plural } from '../../report/number-format.ts';
import { readRun } from '../../results/run-directory.ts';
import { print, say, writeNamed } from '../output.ts';
import { recordRun } from '../record-run.ts';

interface BaselineArguments {
  dir: string;
  out: string;
  tolerance: string[] | undefined;
  replicas: number;
}

export const baseline: CommandModule<object, BaselineArguments> = {
  command: 'baseline <dir>',
  describe: 'write what "loligo compare" needs of a run: small enough to commit',
  builder: (yargs) =>
    yargs
      .positional('dir', { type: 'string', demandOption: true, describe: 'run directory' })
      .option('out', { alias: 'o', type: 'string', requiresArg: true, demandOption: true, describe: 'file to write' })
      .option('tolerance', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe:
          'changes that do not matter: PARAMETER=0.01 (a share; in its unit, where it may be negative), misfit=0.05, spread=0.25, success=0.1, speed=1 [default: a quarter of the spread for parameters, else these]',
      })
      .option('replicas', { type: 'number', requiresArg: true, default: 1000, describe: 'keep so many at most' })
      .example('$0 baseline runs/nightly -o nightly-baseline.json', 'after a night that one trusts')
      .example('$0 baseline runs/nightly -o b.json --tolerance gNa=0.01 speed=0.3', 'gNa may move by 1 %, and a replica take 30 % longer'),
  handler: async ({ dir, out, tolerance, replicas }) => {
    const tolerances = tolerancesOf(tolerance ?? []);
    if (!Number.isInteger(replicas) || replicas < 2) throw usage('--replicas', 'must be a whole number of at least 2', String(replicas));
    const run = readRun(dir);
    const record = await recordRun(run);
    const made = baselineOf({ lock: run.lock, record, tolerances, most: replicas });
    if (record.finished < record.planned)
      say(`note: ${record.planned - record.finished} of ${record.planned} replicas have no outcome yet`);
    writeNamed(out, baselineText(made));
    for (const measure of made.measures.filter(({ kind }) => kind === 'parameter'))
      say(
        `${measure.name} may move by ${measure.scale === 'log' ? `${Number((100 * measure.tolerance).toPrecision(3))} %` : `${measure.tolerance} ${measure.unit}`}`,
      );
    say(`${plural(made.replicas.length, 'replica')} of ${record.finished}`);
    print(out);
  },
};

function tolerancesOf(given: readonly string[]): ToleranceOptions {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
      if (name === undefined) throw usage('--tolerance', 'must be NAME=NUMBER, as in gNa=0.01', text);
      return [name, Number(value)];
    }),
  );
}

function usage(where: string, rule: string, got: string): LoligoError {
  return new LoligoError([{ code: 'USAGE', where, rule, got }]);
}
