/** `loligo serve` as a user starts it: on a run directory that another process could be writing. */
import { writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openOutcomeLog } from '../../orchestrator/results/outcome-log.ts';
import { commandLine } from '../helpers/command-line.ts';
import { estimatedFixture, lockFixture } from '../helpers/replica-fixture.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';

const scratch = scratchFolders();
const loligo = commandLine();

test('it prints its address, shows what the log holds and what it grows by, and Ctrl-C ends it', async () => {
  const run = scratch();
  writeFileSync(join(run, 'sweep.lock.json'), JSON.stringify(lockFixture()));
  const log = openOutcomeLog(run, { replicas: 32 });
  await log.append(estimatedFixture(0));
  const { child, ended } = loligo.start(['serve', run, '--port', '0']);
  const [printed] = (await once(child.stdout!, 'data')) as [Buffer];
  const url = printed.toString().trim();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  const page = await (await fetch(url)).text();
  expect(page.replaceAll(/\s+/g, ' ')).toContain('1 of 32 replicas finished');
  const events = await fetch(`${url}events`);
  await log.append(estimatedFixture(1));
  await log.close();
  expect(await upTo(events, '2 of 32 replicas finished')).toBe(true);
  child.kill('SIGINT');
  expect((await ended).code).toBe(0);
});

test('a folder without a run is wrong usage', async () => {
  const { code, stderr } = await loligo.run(['serve', scratch()]);
  expect([code, stderr.includes('[RUN_NOT_FOUND]')]).toEqual([2, true]);
});

/** Reads until the words come. Node's types leave open what a body is made of. */
async function upTo(response: Response, words: string): Promise<boolean> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body! as ReadableStream<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes(words)) return true;
  }
  return false;
}
