/** The program's two streams: results go to stdout, everything said to people on the way goes to stderr. */
import { writeFileSync } from 'node:fs';
import { EXIT, LoligoError, messageOf } from '../../schemas/errors.ts';
import { systemCode } from '../results/disk.ts';

/** What is written to a reader that went away: `| head -1`, or the terminal of a run that goes on. */
const READER_GONE = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);

/**
 * A reader that goes away ends no command: what it computes is stored all the same, and its exit code is its own. A result that cannot be
 * written (to a full disk) is told, with exit code 6.
 */
export function outliveReaders(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error) => {
    if (READER_GONE.has(systemCode(error))) return;
    say(notWritten('standard output', error, 'Send it elsewhere.').message);
    // the command may still set its own
    process.once('exit', () => (process.exitCode = EXIT.infrastructure));
  });
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One object of a `--json` command. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, 2));
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Write a file that the user named. Throws DISK. */
export function writeNamed(path: string, content: string): void {
  try {
    writeFileSync(path, content);
  } catch (cause) {
    throw notWritten(path, cause, 'Choose another path.');
  }
}

function notWritten(where: string, cause: unknown, remedy: string): LoligoError {
  return new LoligoError([{ code: 'DISK', where, rule: 'the file must be writable', got: messageOf(cause), remedy }], { cause });
}
