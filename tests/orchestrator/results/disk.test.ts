/** Folders that can be made, and those that cannot. */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from '../../../orchestrator/results/disk.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';

const scratch = scratchFolders();

test('a folder is made with those above it, and one that is there stays', () => {
  const folder = join(scratch(), 'a', 'b', 'c');
  makeFolder(folder);
  makeFolder(folder);
  expect(statSync(folder).isDirectory()).toBe(true);
});

test('a file in its place, or above it, is DISK', () => {
  const file = join(scratch(), 'file');
  writeFileSync(file, '');
  for (const path of [file, join(file, 'below')]) expect(() => makeFolder(path)).toThrow(/must be a folder.*got a file.*\[DISK\]/);
  expect(() => makeFolder('')).toThrow(/must allow creating a folder.*\[DISK\]/);
});

test.skipIf(process.platform !== 'linux')('where the system denies the folder though the one above exists, it ends', () => {
  expect(() => makeFolder('/proc/loligo/run')).toThrow(/\[DISK\]/);
});
