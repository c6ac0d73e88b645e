import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openRun, readRun } from '../../../orchestrator/results/run-directory.ts';
import { sha256 } from '../../../schemas/content-id.ts';
import { lockFixture } from '../../helpers/replica-fixture.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';

const scratch = scratchFolders();
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

test('a new folder becomes a run directory, the same sweep resumes there with its first lock, and readers need no lock', () => {
  const path = join(scratch(), 'runs', 'new');
  const first = openRun(path, lockFixture());
  expect(first.resumed).toBe(false);
  expect(readRun(path).lock).toEqual(lockFixture());
  first.close();
  const second = openRun(path, { ...lockFixture(), engine: 'tfjs', startedAt: 'later' });
  expect([second.resumed, second.lock]).toEqual([true, lockFixture()]);
  second.close();
  expect(readdirSync(path)).toEqual(['sweep.lock.json']);
});

test('another sweep is RUN_DIFFERS and leaves the directory free', () => {
  const path = scratch();
  openRun(path, lockFixture()).close();
  const another = lockFixture(sha256('another'));
  expect(() => openRun(path, { ...another, resolved: { ...another.resolved, seed: 2 } })).toThrow('[RUN_DIFFERS]');
  openRun(path, lockFixture()).close();
});

test('the same sweep with more seeds goes on in its directory, under the new lock', () => {
  const path = scratch();
  openRun(path, lockFixture()).close();
  const more = lockFixture(sha256('more'));
  const space = { ...more.resolved.space, replicas: (more.resolved.space.replicas ?? 1) + 1 };
  const run = openRun(path, { ...more, resolved: { ...more.resolved, space }, startedAt: 'later' });
  run.close();
  expect(run.resumed).toBe(true);
  expect(readRun(path).lock).toEqual({ ...lockFixture(), sweep: more.sweep, resolved: { ...more.resolved, space } });
  expect(() => openRun(path, lockFixture())).toThrow('[RUN_DIFFERS]');
});

test('a folder with other files is not written to', () => {
  const path = scratch();
  writeFileSync(join(path, 'thesis.tex'), '');
  expect(() => openRun(path, lockFixture())).toThrow(/thesis\.tex.*\[RUN_NOT_FOUND\]/);
  expect(readdirSync(path)).toEqual(['thesis.tex']);
});

test('a lock that another version wrote is told as such, with the key that is not known', () => {
  const path = join(scratch(), 'run');
  openRun(path, lockFixture()).close();
  const file = join(path, 'sweep.lock.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"sampler"', '"sampling"'));
  expect(() => readRun(path)).toThrow(
    /sweep\.lock\.json: the file must be a sweep lock of this version; got lock\.resolved.*: .*\. Take the version of loligo that began the run.*\[RUN_CORRUPT\]$/,
  );
});

test('a folder without a sweep is RUN_NOT_FOUND for a reader, a damaged lock RUN_CORRUPT for both', () => {
  const path = scratch();
  expect(() => readRun(path)).toThrow('[RUN_NOT_FOUND]');
  expect(() => readRun(join(path, 'nowhere'))).toThrow('[RUN_NOT_FOUND]');
  writeFileSync(join(path, 'sweep.lock.json'), '{"sweep":');
  expect(() => readRun(path)).toThrow(/sweep\.lock\.json.*\[RUN_CORRUPT\]/);
  expect(() => openRun(path, lockFixture())).toThrow('[RUN_CORRUPT]');
});

test('a folder that cannot be made is a DISK error', () => {
  const file = join(scratch(), 'file');
  writeFileSync(file, '');
  expect(() => openRun(join(file, 'run'), lockFixture())).toThrow('[DISK]');
});

describe('the lock of the writer', () => {
  test('a second writer in the same process is told the pid', () => {
    const path = scratch();
    const first = openRun(path, lockFixture());
    expect(() => openRun(path, lockFixture())).toThrow(new RegExp(`process ${process.pid}\\b.*\\[RUN_LOCKED\\]`));
    first.close();
    openRun(path, lockFixture()).close();
  });

  test('a live process holds it, a dead one does not', async () => {
    const path = scratch();
    const child = await sleeper();
    openRun(path, lockFixture()).close();
    writeFileSync(join(path, 'writer.lock'), JSON.stringify({ pid: child.pid, host: hostname(), birth: '' }));
    expect(() => openRun(path, lockFixture())).toThrow(new RegExp(`process ${child.pid}\\b.*\\[RUN_LOCKED\\]`));
    child.kill('SIGKILL');
    await once(child, 'exit');
    openRun(path, lockFixture()).close();
    expect(existsSync(join(path, 'writer.lock'))).toBe(false);
  });

  test('a process that only has the same id does not hold it', async () => {
    const path = scratch();
    const child = await sleeper();
    writeFileSync(join(path, 'writer.lock'), JSON.stringify({ pid: child.pid, host: hostname(), birth: 'another boot 77' }));
    expect(openRun(path, lockFixture()).resumed).toBe(false);
  });

  test('a writer on another host is respected and named', () => {
    const path = scratch();
    writeFileSync(join(path, 'writer.lock'), JSON.stringify({ pid: 1, host: 'elsewhere', birth: '' }));
    expect(() => openRun(path, lockFixture())).toThrow(/process 1 on elsewhere.*\[RUN_LOCKED\]/);
  });

  test('a lock file of noise is stale', () => {
    const path = scratch();
    writeFileSync(join(path, 'writer.lock'), '');
    expect(openRun(path, lockFixture()).resumed).toBe(false);
  });
});

describe('objects', () => {
  test('a text comes back by the hash of its bytes', () => {
    const run = openRun(scratch(), lockFixture());
    const hash = run.objects.put('µA, {"a":1}');
    expect([hash, run.objects.put('µA, {"a":1}')]).toEqual([sha256('µA, {"a":1}'), hash]);
    expect(readRun(run.path).objects.get(hash)).toBe('µA, {"a":1}');
    run.close();
  });

  test('one that is not there or was changed is OBJECT_MISSING, and putting it again mends it', () => {
    const run = openRun(scratch(), lockFixture());
    expect(() => run.objects.get(sha256('never'))).toThrow('[OBJECT_MISSING]');
    const hash = run.objects.put('text');
    writeFileSync(join(run.path, 'objects', `${hash}.json`), 'other text');
    expect(() => run.objects.get(hash)).toThrow('[OBJECT_MISSING]');
    run.objects.put('text');
    expect(run.objects.get(hash)).toBe('text');
    rmSync(join(run.path, 'objects'), { recursive: true });
    expect(() => run.objects.get(hash)).toThrow('[OBJECT_MISSING]');
    run.close();
  });
});

test('a run that died before its first file was whole is begun anew', () => {
  const path = scratch();
  mkdirSync(join(path, 'objects'));
  writeFileSync(join(path, 'sweep.lock.json.4711.tmp'), '{"sw');
  openRun(path, lockFixture()).close();
  expect(JSON.parse(readFileSync(join(path, 'sweep.lock.json'), 'utf8'))).toEqual(lockFixture());
});

async function sleeper(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  children.push(child);
  await once(child, 'spawn');
  return child;
}
