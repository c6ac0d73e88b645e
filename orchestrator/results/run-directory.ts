/**
 * The run directory of one sweep. `openRun` is for the one process that writes it, `readRun` for any that reads it while it grows.
 *
 * sweep.lock.json  the resolved sweep          outcomes/      append-only log (outcome-log.ts)
 * objects/         model file and recordings   attempts.jsonl deliveries of unfinished replicas (queue/attempt-ledger.ts)
 * writer.lock      who writes                  log.jsonl      program log
 * progress.json    what the writer last said (progress-file.ts)
 * checkpoints/     states of unfinished replicas (checkpoint-files.ts)
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LoligoError, messageOf } from '../../schemas/errors.ts';
import type { ErrorCode } from '../../schemas/errors.ts';
import type { Lock } from '../../schemas/generated/types.ts';
import { packageVersion } from '../../schemas/package-root.ts';
import { parseLock } from '../../schemas/parse.ts';
import { extendsSweep } from '../expand/extends.ts';
import { makeFolder, onDisk, systemCode, writeAtomically } from './disk.ts';
import { openObjectStore } from './object-store.ts';
import type { ObjectStore } from './object-store.ts';
import { firstLine } from './outcome-line.ts';
import { lockForWriting } from './writer-lock.ts';

const SWEEP_LOCK = 'sweep.lock.json';
/** What a run that died before its sweep.lock.json was written may have left. */
const OWN_NAMES = /^(sweep\.lock\.json\..*|writer\.lock.*|objects|outcomes|attempts\.jsonl.*|log\.jsonl|checkpoints|progress\.json.*)$/;

/** What a reader sees. */
export interface Run {
  readonly path: string;
  readonly lock: Lock;
  readonly objects: ObjectStore;
}

/** What the writer holds. */
export interface WritableRun extends Run {
  /** True when the sweep was begun here before. */
  readonly resumed: boolean;
  close(): void;
}

/**
 * Opens the run directory of this sweep for writing, or makes it; a directory whose sweep this one extends takes the new lock. `lock` of the
 * answer keeps the engine, versions and time of the first start. Throws RUN_LOCKED, RUN_DIFFERS, RUN_NOT_FOUND (a folder with other files), RUN_CORRUPT, DISK.
 */
export function openRun(path: string, lock: Lock): WritableRun {
  makeFolder(path);
  refuseForeignFolder(path);
  const writer = lockForWriting(path);
  try {
    const stored = readSweepLock(path);
    if (stored !== undefined && !extendsSweep(stored.resolved, lock.resolved)) throw differs(path, stored, lock);
    const held = stored === undefined ? lock : { ...stored, sweep: lock.sweep, resolved: lock.resolved };
    if (stored?.sweep !== lock.sweep) writeAtomically(join(path, SWEEP_LOCK), `${JSON.stringify(held, undefined, 2)}\n`);
    return {
      path,
      lock: held,
      objects: openObjectStore(path),
      resumed: stored !== undefined,
      close: () => writer.release(),
    };
  } catch (error) {
    writer.release();
    throw error;
  }
}

/** Opens a run directory for reading. Throws RUN_NOT_FOUND, RUN_CORRUPT. */
export function readRun(path: string): Run {
  const lock = readSweepLock(path);
  if (lock === undefined)
    throw failure('RUN_NOT_FOUND', path, `a run directory holds ${SWEEP_LOCK}`, 'none', 'Give the folder that "loligo run --out" named.');
  return { path, lock, objects: openObjectStore(path) };
}

function refuseForeignFolder(path: string): void {
  const names = onDisk(path, 'listing', () => readdirSync(path));
  if (names.includes(SWEEP_LOCK)) return;
  const foreign = names.find((name) => !OWN_NAMES.test(name));
  if (foreign === undefined) return;
  throw failure('RUN_NOT_FOUND', path, 'a new run directory is an empty folder', `a folder with "${foreign}"`, 'Choose another --out.');
}

function readSweepLock(path: string): Lock | undefined {
  const file = join(path, SWEEP_LOCK);
  if (!existsSync(file)) return undefined;
  try {
    return parseLock(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (error instanceof LoligoError) throw foreignLock(file, error);
    if (systemCode(error) !== '')
      throw failure('RUN_NOT_FOUND', file, 'the file must be readable', firstLine(messageOf(error)), 'Mend the permissions.');
    const remedy = 'Restore it from a copy, or choose another --out.';
    throw failure('RUN_CORRUPT', file, 'the file must be a whole sweep lock', firstLine(messageOf(error)), remedy, error);
  }
}

/** JSON that is no lock as this version writes it: of another version, or changed by hand. */
function foreignLock(file: string, error: LoligoError): LoligoError {
  const remedy = `Take the version of loligo that began the run (the file's "versions" name it; this is ${packageVersion()}), or choose another --out.`;
  const { where, rule, got } = error.violations[0]!;
  return failure(
    'RUN_CORRUPT',
    file,
    'the file must be a sweep lock of this version',
    `${where}: ${rule}${got === undefined ? '' : `; got ${got}`}`,
    remedy,
    error,
  );
}

function differs(path: string, stored: Lock, asked: Lock): LoligoError {
  const got = `sweep ${stored.sweep.slice(0, 12)} (${stored.resolved.name}) instead of ${asked.sweep.slice(0, 12)} (${asked.resolved.name})`;
  const remedy =
    'The spec, the model or a recording changed (only more replicas may be asked for): choose another --out, or give the sweep that was begun here.';
  return failure('RUN_DIFFERS', path, 'a run directory holds one sweep', got, remedy);
}

function failure(code: ErrorCode, where: string, rule: string, got: string, remedy: string, cause?: unknown): LoligoError {
  return new LoligoError([{ code, where, rule, got, remedy }], { cause });
}
