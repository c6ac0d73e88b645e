/** Processes that are timed in turns, on small programs that answer, die and never start. */
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { alternate, closeAll, startAll, type Runner } from './runners.mjs';

const runners: Runner[] = [];
const absent: string[] = [];
const onAbsent = (name: string, reason: string): void => void absent.push(`${name}: ${reason}`);

afterEach(async () => {
  await closeAll(runners.splice(0));
  absent.length = 0;
});

/** Runs `answer` for each line asked, with n the number of the line from 1. */
async function start(programs: Readonly<Record<string, string>>): Promise<void> {
  const around = (answer: string): string =>
    `let n = 0; console.log('ready'); process.stdin.on('data', (lines) => { for (const _ of String(lines).trim().split('\\n')) { n += 1; ${answer} } })`;
  const descriptions = Object.entries(programs).map(([name, answer]) => ({
    name,
    command: process.execPath,
    args: ['-e', around(answer)],
    cores: null,
  }));
  runners.push(...(await startAll(descriptions, onAbsent)));
}

test('each runner answers once in each round', async () => {
  await start({ a: 'console.log(10 * n)', b: 'console.log(100 * n, 0.5)' });
  expect(await alternate(runners, 3, onAbsent)).toEqual({ a: [10, 20, 30], b: [100, 200, 300] });
  expect(absent).toEqual([]);
});

test('a runner that dies on the way is left out with its reason, and the others go on', async () => {
  await start({ a: 'console.log(n)', b: "if (n === 2) { console.error('trouble\\nout of luck'); process.exit(1); } console.log(n)" });
  expect(await alternate(runners, 3, onAbsent)).toEqual({ a: [1, 2, 3] });
  expect(absent).toEqual(['b: out of luck']);
});

test('a program that is not there, or ends before it is ready, is absent with its reason', async () => {
  const missing = { name: 'missing', command: '/nowhere/python', args: [], cores: null };
  const broken = {
    name: 'broken',
    command: process.execPath,
    args: ['-e', "console.error('No module named jax'); process.exit(3)"],
    cores: null,
  };
  expect(await startAll([missing, broken], onAbsent)).toEqual([]);
  expect(absent[0]).toMatch(/^missing: .*ENOENT/);
  expect(absent[1]).toBe('broken: No module named jax');
});

test('the runner around an engine trains the step that the benchmarks time', async () => {
  const size = JSON.stringify({ samples: 16, features: 2, depth: 1, width: 4 });
  const args = [fileURLToPath(new URL('engine-runner.mjs', import.meta.url)), 'reference', size, '1'];
  runners.push(
    ...(await startAll([{ name: 'reference', command: process.execPath, args, env: { SLICE: '0.01' }, cores: null }], onAbsent)),
  );
  expect(absent).toEqual([]);
  expect(await runners[0]?.slice()).toBeGreaterThan(0);
});
