/** Runs that are interrupted, killed or met by another: every replica ends with one outcome, and none that is finished is trained again. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { packageRoot } from '../../schemas/package-root.ts';
import { parseSummary } from '../../schemas/parse.ts';
import { commandLine, type Started } from '../helpers/command-line.ts';
import { outcomeLines, quickSpec, resultsOf, writeSpec } from '../helpers/quick-sweep.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { whims } from '../helpers/whims.mjs';

const loligo = commandLine();
const scratch = scratchFolders();
const REPLICAS = 16;
/** About 0.2 s a replica, so that a run can be caught in the middle. */
const SPEC = quickSpec({ draws: 4, replicas: 4, adamSteps: 100 });

const argumentsOf = (spec: string, out: string) => ['run', spec, '--out', out, '--engine', 'reference', '--workers', '2'];

function storedIn(run: string): string[] {
  try {
    return outcomeLines(run);
  } catch {
    return []; // not begun
  }
}

/** The run is in training and has stored more than `lines` outcomes, or is over. */
async function untilStored({ child }: Started, run: string, lines: number): Promise<void> {
  await waitFor(() => child.exitCode !== null || storedIn(run).length > lines);
}

test('a second run on the folder is refused, a report on it works, Ctrl-C ends with 130, kill -9 loses nothing, and the end equals an undisturbed run', async () => {
  const seed = Number(process.env['LOLIGO_KILL_SEED'] ?? Date.now() % 1_000_000);
  console.info(`interruption test: LOLIGO_KILL_SEED=${seed}`);
  const whim = whims(seed);
  const folder = scratch();
  const spec = writeSpec(folder, SPEC);
  const run = join(folder, 'run');

  const first = loligo.start(argumentsOf(spec, run));
  await untilStored(first, run, 0);
  first.child.kill('SIGSTOP'); // it lives, and must not get to the end meanwhile
  const [second, report] = await Promise.all([loligo.run(argumentsOf(spec, run)), loligo.run(['report', run])]);
  first.child.kill('SIGINT');
  first.child.kill('SIGCONT');
  expect(second).toMatchObject({ code: 2, stdout: '' });
  expect(second.stderr).toMatch(/one process at a time writes a run directory; got process \d+.*\[RUN_LOCKED\]/);
  expect(report.code, report.stderr).toBe(0);
  const { counts } = parseSummary(JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8')));
  expect(counts.planned).toBe(REPLICAS);
  expect(counts.finished).toBeGreaterThanOrEqual(1);
  const interrupted = await first.ended;
  expect(interrupted).toMatchObject({ code: 130, stdout: '' });
  expect(interrupted.stderr).toMatch(/interrupted: \d+ of 16 replicas are stored in .*the same command goes on/);

  for (let kill = 0; kill < 3; kill += 1) {
    const lines = storedIn(run);
    const begun = loligo.start(argumentsOf(spec, run));
    await untilStored(begun, run, lines.length + Math.floor(whim() * 2));
    await delay(whim() * 200); // any moment of a replica is as good
    begun.child.kill('SIGKILL');
    await begun.ended;
    expect(storedIn(run).slice(0, lines.length)).toEqual(lines);
  }

  const lines = storedIn(run);
  const last = await loligo.run(argumentsOf(spec, run));
  expect(last.code, last.stderr).toBe(0);
  expect(storedIn(run).slice(0, lines.length)).toEqual(lines);
  expect(storedIn(run).length).toBe(REPLICAS);
  const undisturbed = join(folder, 'undisturbed');
  expect(await loligo.run(argumentsOf(spec, undisturbed))).toMatchObject({ code: 0 });
  expect(JSON.stringify(await resultsOf(run))).toBe(JSON.stringify(await resultsOf(undisturbed)));
}, 120_000);

/** util-linux's: it gives a command a terminal, to which a byte 3 is Ctrl-C. */
const noTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') !== true;
const [CTRL_C, HIDE_CURSOR, SHOW_CURSOR] = ['\u0003', '\u001b[?25l', '\u001b[?25h'];

test.skipIf(noTerminal)(
  'a second Ctrl-C ends at once and gives the terminal its cursor back',
  async () => {
    const folder = scratch();
    const spec = quickSpec({ draws: 1, replicas: 1 });
    const slow = writeSpec(folder, { ...spec, space: { 'network.width': 32, replicas: 1 }, training: [{ optimizer: 'adam', steps: 1e6 }] });
    const main = join(packageRoot(), 'dist', 'orchestrator', 'cli', 'main.js');
    const command = [process.execPath, main, ...argumentsOf(slow, join(folder, 'run'))].map((word) => `'${word}'`).join(' ');
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { env: { ...process.env, TERM: 'xterm' } });
    let screen = '';
    let pressed = 0;
    terminal.stdout.on('data', (text: Buffer) => {
      screen += text.toString();
      if (!screen.includes(['1 running', 'stopping'][pressed] ?? 'nothing more')) return;
      pressed += 1;
      terminal.stdin.write(CTRL_C);
    });
    expect(await once(terminal, 'close')).toEqual([130, null]);
    expect(screen).toContain(HIDE_CURSOR);
    expect(screen.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(screen.lastIndexOf(HIDE_CURSOR));
    expect(screen).not.toContain('interrupted:');
  },
  30_000,
);
