/** The tutorial of docs/models.md, as a reader would follow it: its files written, its commands run in order. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../schemas/package-root.ts';
import { commandLine } from '../helpers/command-line.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';

const cli = commandLine();
const newFolder = scratchFolders();

/** Fenced blocks in order, with what their fence says they are. */
function blocks(): { language: string; text: string }[] {
  const page = readFileSync(join(packageRoot(), 'docs', 'models.md'), 'utf8');
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({ language: language!, text: text! }));
}

/** Words of a command line; what stands in single quotes is one. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
}

test('every file and command of the models tutorial does what the page says', { timeout: 120_000 }, async () => {
  const cwd = newFolder();
  const page = blocks();
  for (const [place, { language, text }] of page.entries()) {
    const file = /^# file: (\S+)\n/.exec(text)?.[1];
    if (language === 'yaml' && file !== undefined) writeFileSync(join(cwd, file), text);
    if (language !== 'sh') continue;
    for (const line of text.trimEnd().split('\n')) {
      const [program, ...args] = words(line);
      const trains = args[0] === 'run';
      // one replica is enough here, and the engines need not be timed; a limit that was reached ends with 5
      const hastened = [...(trains ? ['--limit', '1'] : []), ...(trains || args[0] === 'plan' ? ['--engine', 'wasm'] : [])];
      const { code, stderr } = await cli.run([...args, ...hastened], { cwd });
      const told = page[place + 1]?.language === 'text' ? page[place + 1]!.text : undefined;
      expect(`${program} ${line}: ${code}`).toBe(`loligo ${line}: ${trains ? 5 : told === undefined ? 0 : 2}`);
      expect(told === undefined ? '' : stderr.trimEnd()).toBe(told?.trimEnd() ?? '');
    }
  }
  const made = readdirSync(cwd);
  for (const file of ['membrane.svg', 'cell.svg', 'adapting.svg', 'runs']) expect(made).toContain(file);
});
