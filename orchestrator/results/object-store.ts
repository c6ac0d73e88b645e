/** `objects/<hash>.json`: model files and recordings of a sweep as texts, each named by the SHA-256 of its bytes. Written once, verified whenever it is read. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../schemas/content-id.ts';
import { LoligoError, messageOf } from '../../schemas/errors.ts';
import { makeFolder, writeAtomically } from './disk.ts';

export interface ObjectStore {
  /** Returns the hash. Throws DISK. */
  put(text: string): string;
  /** Throws OBJECT_MISSING when it is not there or not what its name says. */
  get(hash: string): string;
}

export function openObjectStore(runDirectory: string): ObjectStore {
  const folder = join(runDirectory, 'objects');
  return {
    put: (text) => put(folder, text),
    get: (hash) => get(join(folder, `${hash}.json`), hash),
  };
}

function put(folder: string, text: string): string {
  const hash = sha256(text);
  const path = join(folder, `${hash}.json`);
  if (existsSync(path) && sha256(readFileSync(path)) === hash) return hash;
  makeFolder(folder);
  writeAtomically(path, text);
  return hash;
}

function get(path: string, hash: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw missing(path, messageOf(error), error);
  }
  if (sha256(bytes) !== hash) throw missing(path, `content with hash ${sha256(bytes)}`);
  return bytes.toString('utf8');
}

function missing(where: string, got: string, cause?: unknown): LoligoError {
  const remedy = 'Give the command that began the run again: it stores its objects anew.';
  return new LoligoError([{ code: 'OBJECT_MISSING', where, rule: 'an object must be there and match its name', got, remedy }], { cause });
}
