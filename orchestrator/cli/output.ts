/** The program's two streams: results go to stdout, everything said to people on the way goes to stderr. */
import { writeFileSync } from 'node:fs';
import { LoligoError } from '../../schemas/errors.ts';

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
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new LoligoError([{ code: 'DISK', where: path, rule: 'the file must be writable', got, remedy: 'Choose another path.' }], {
      cause,
    });
  }
}
