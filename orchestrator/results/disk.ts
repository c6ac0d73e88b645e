/** Durable writes to the run directory, and what a disk that refuses them looks like to the user. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { LoligoError } from '../../schemas/errors.ts';

/** `doing` completes the sentence "the disk must allow ...". */
export function diskError(path: string, doing: string, cause: unknown): LoligoError {
  const got = cause instanceof Error ? cause.message : String(cause);
  const remedy = 'Free space or mend the permissions, then give the same command again: it resumes.';
  return new LoligoError([{ code: 'DISK', where: path, rule: `the disk must allow ${doing}`, got, remedy }], { cause });
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

/** The system's code of an error (ENOENT, EEXIST, ...), or ''. */
export function systemCode(error: unknown): string {
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
