#!/usr/bin/env node
/** The `loligo` program: parses the command line, runs a command, turns errors into messages and exit codes. */
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { EXIT, LoligoError } from '../../schemas/errors.ts';
import { packageVersion } from '../../schemas/package-root.ts';
import { baseline } from './commands/baseline.ts';
import { cancel } from './commands/cancel.ts';
import { compare } from './commands/compare.ts';
import { dead } from './commands/dead.ts';
import { doctor } from './commands/doctor.ts';
import { exportCommand } from './commands/export.ts';
import { inspect } from './commands/inspect.ts';
import { plan } from './commands/plan.ts';
import { report } from './commands/report.ts';
import { run } from './commands/run.ts';
import { simulate } from './commands/simulate.ts';
import { status } from './commands/status.ts';
import { validate } from './commands/validate.ts';
import { worker } from './commands/worker.ts';
import { say } from './output.ts';

const COMMANDS = [validate, plan, run, worker, status, cancel, dead, report, baseline, compare, exportCommand, inspect, simulate, doctor];

/** Options that may be given several times. */
const LISTS = new Set(['_', 'set', 'columns', 'index', 'tolerance']);

/** Wrong usage, found by yargs: its message, and no stack. */
class UsageError extends Error {}

try {
  await yargs(hideBin(process.argv))
    .scriptName('loligo')
    .usage('$0 <command>\n\nWhich biophysical parameters and hidden gating variables explain this voltage trace, and how sure can we be?')
    .command(validate)
    .command(plan)
    .command(run)
    .command(worker)
    .command(status)
    .command(cancel)
    .command(dead)
    .command(report)
    .command(baseline)
    .command(compare)
    .command(exportCommand)
    .command(inspect)
    .command(simulate)
    .command(doctor)
    .demandCommand(1, 'Give a command.')
    .recommendCommands()
    .strict()
    .check(givenOnce)
    .version(packageVersion())
    .help()
    .wrap(Math.min(120, process.stdout.columns ?? 100))
    .fail((message, error) => {
      throw error === undefined || error.name === 'YError' ? new UsageError(inWords(message)) : error;
    })
    .parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

/** yargs speaks of non-option arguments. */
function inWords(message: string): string {
  if (message.startsWith('Not enough non-option arguments')) return 'An argument is missing.';
  const option = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
  return option === undefined ? message : `--${option} needs a value.`;
}

/** yargs makes a list of an option that is given twice, and '' of one without a value. */
function givenOnce(argv: Readonly<Record<string, unknown>>): true {
  for (const [name, value] of Object.entries(argv)) {
    if (LISTS.has(name)) continue;
    if (Array.isArray(value)) throw new UsageError(`--${name} was given ${value.length} times.`);
    if (value === '') throw new UsageError(`--${name} needs a value.`);
  }
  return true;
}

function exitCodeOf(error: unknown): number {
  const parts = partsOf(error);
  const known = parts.find((part) => part instanceof LoligoError);
  for (const part of known === undefined ? parts : parts.filter((candidate) => candidate !== known)) say(describeFault(part));
  if (known === undefined) return parts.every((part) => part instanceof UsageError) ? EXIT.input : EXIT.internal;
  say(known.message);
  return known.exitCode;
}

/** Failures that came together (a full disk stops the collector and the workers), each once. */
function partsOf(error: unknown): unknown[] {
  return error instanceof AggregateError ? [...new Set(error.errors.flatMap(partsOf))] : [error];
}

function describeFault(error: unknown): string {
  if (error instanceof LoligoError) return error.message;
  if (error instanceof UsageError) return `${error.message}\nSee loligo ${commandNamed()}--help. [USAGE]`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function commandNamed(): string {
  const [word = ''] = hideBin(process.argv);
  return COMMANDS.some(({ command }) => String(command).split(' ', 1)[0] === word) ? `${word} ` : '';
}
