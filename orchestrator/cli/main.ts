#!/usr/bin/env node
/** The `loligo` program: parses the command line, runs a command, turns errors into messages and exit codes. */
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { EXIT, LoligoError } from '../../schemas/errors.ts';
import { packageVersion } from '../../schemas/package-root.ts';
import { doctor } from './commands/doctor.ts';
import { inspect } from './commands/inspect.ts';
import { plan } from './commands/plan.ts';
import { report } from './commands/report.ts';
import { run } from './commands/run.ts';
import { simulate } from './commands/simulate.ts';
import { validate } from './commands/validate.ts';
import { say } from './output.ts';

/** Wrong usage, found by yargs: its message, and no stack. */
class UsageError extends Error {}

try {
  await yargs(hideBin(process.argv))
    .scriptName('loligo')
    .usage('$0 <command>\n\nWhich biophysical parameters and hidden gating variables explain this voltage trace, and how sure can we be?')
    .command(validate)
    .command(plan)
    .command(run)
    .command(report)
    .command(inspect)
    .command(simulate)
    .command(doctor)
    .demandCommand(1, 'Give a command.')
    .strict()
    .version(packageVersion())
    .help()
    .wrap(Math.min(120, process.stdout.columns ?? 100))
    .fail((message, error) => {
      throw error ?? new UsageError(message);
    })
    .parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof LoligoError) {
    say(error.message);
    return error.exitCode;
  }
  if (error instanceof UsageError) {
    say(`${error.message}\nSee loligo --help. [USAGE]`);
    return EXIT.input;
  }
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT.internal;
}
