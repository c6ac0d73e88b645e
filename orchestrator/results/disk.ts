/** Durable writes to the run directory, and what a disk that refuses them looks like to the user. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LoligoError, messageOf } from '../../schemas/errors.ts';

/** `doing` completes the sentence "the disk must allow ...". */
export function diskError(path: string, doing: string, cause: unknown): LoligoError {
  const remedy = 'Free space or mend the permissions, then give the same command again: it resumes.';
  return new LoligoError([{ code: 'DISK', where: path, rule: `the disk must allow ${doing}`, got: messageOf(cause), remedy }], { cause });
}

/** Run `write`; what the system refuses becomes a LoligoError DISK. */
export function onDisk<T>(path: string, doing: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (error instanceof LoligoError) throw error;
    throw diskError(path, doing, error);
  }
}

/**
 * Makes the folder and those above it. Not mkdirSync's own `recursive`: in Node 20 that never returns where the system answers ENOENT
 * although the folder above exists, as /proc does.
 */
export function makeFolder(path: string): void {
  try {
    makeMissing(path === '' ? path : resolve(path));
  } catch (error) {
    if (!['EEXIST', 'ENOTDIR'].includes(systemCode(error))) throw diskError(path, 'creating a folder', error);
    const rule = 'must be a folder, and so must what is above it';
    throw new LoligoError([{ code: 'DISK', where: path, rule, got: 'a file', remedy: 'Choose another path.' }], { cause: error });
  }
}

function makeMissing(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && statSync(path).isDirectory()) return;
    const above = dirname(path);
    if (systemCode(error) !== 'ENOENT' || above === path || existsSync(above)) throw error;
    makeMissing(above);
    makeMissing(path);
  }
}

/** The system's code of an error (ENOENT, EEXIST, ...), or ''. */
export function systemCode(error: unknown): string {
  if (error instanceof LoligoError) return ''; // its code is ours
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Old content or new content, never half of it, whatever dies: temporary file, fsync, rename, fsync of the folder. */
export function writeAtomically(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  onDisk(path, 'writing', () => {
    try {
      writeFileSync(temporary, content);
      putInPlace(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}

/** A complete temporary file takes the place of `path`, durably. */
export function putInPlace(temporary: string, path: string): void {
  const file = openSync(temporary, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

/** Makes new, renamed and removed names of a folder durable. Windows cannot open a folder and needs no such call. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
