#!/usr/bin/env node
/** The `loligo` program: parses the command line, runs a command, turns errors into messages and exit codes. */
import yargs, { type Argv } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { EXIT, LoligoError } from '../../schemas/errors.ts';
import { packageVersion } from '../../schemas/package-root.ts';
import { didYouMean } from '../../schemas/wording.ts';
import { outliveReaders, say } from './output.ts';

/** In the order of the help. One that is named is loaded by itself: what the others need takes half a second. */
const COMMANDS: Readonly<Record<string, (to: Argv) => Promise<Argv>>> = {
  validate: async (to) => to.command((await import('./commands/validate.ts')).validate),
  plan: async (to) => to.command((await import('./commands/plan.ts')).plan),
  run: async (to) => to.command((await import('./commands/run.ts')).run),
  worker: async (to) => to.command((await import('./commands/worker.ts')).worker),
  status: async (to) => to.command((await import('./commands/status.ts')).status),
  cancel: async (to) => to.command((await import('./commands/cancel.ts')).cancel),
  dead: async (to) => to.command((await import('./commands/dead.ts')).dead),
  report: async (to) => to.command((await import('./commands/report.ts')).report),
  baseline: async (to) => to.command((await import('./commands/baseline.ts')).baseline),
  compare: async (to) => to.command((await import('./commands/compare.ts')).compare),
  export: async (to) => to.command((await import('./commands/export.ts')).exportCommand),
  serve: async (to) => to.command((await import('./commands/serve.ts')).serve),
  inspect: async (to) => to.command((await import('./commands/inspect.ts')).inspect),
  simulate: async (to) => to.command((await import('./commands/simulate.ts')).simulate),
  doctor: async (to) => to.command((await import('./commands/doctor.ts')).doctor),
};

/** Options that may be given several times. */
const LISTS = new Set(['_', 'set', 'columns', 'index', 'tolerance']);

/** Wrong usage, found by yargs: its message, and no stack. */
class UsageError extends Error {}

outliveReaders();
try {
  const program = yargs(hideBin(process.argv));
  for (const add of commandsToParse()) await add(program);
  await program
    .scriptName('loligo')
    .usage('$0 <command>\n\nWhich biophysical parameters and hidden gating variables explain this voltage trace, and how sure can we be?')
    .demandCommand(1, 'Give a command.')
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
  const [word = '-'] = hideBin(process.argv);
  if (message.startsWith('Unknown argument') && !word.startsWith('-') && !Object.hasOwn(COMMANDS, word))
    return [`"${word}" is no command.`, didYouMean(word, Object.keys(COMMANDS))].filter(Boolean).join(' ');
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
  // threads that meet the same say it each
  const others = new Set(parts.filter((candidate) => candidate !== known).map(describeFault));
  for (const words of others) if (words !== known?.message) say(words);
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
  return Object.hasOwn(COMMANDS, word) ? `${word} ` : '';
}

/** The one that the first word names; all of them for the help and for a guess at what was meant. */
function commandsToParse(): ((to: Argv) => Promise<Argv>)[] {
  const [word = ''] = hideBin(process.argv);
  const named = Object.entries(COMMANDS).filter(([name]) => name === word);
  return (named.length > 0 ? named : Object.entries(COMMANDS)).map(([, add]) => add);
}
