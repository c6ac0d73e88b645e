/**
 * One process writes a run directory: `writer.lock` names it. A lock whose process is gone is stale and taken over; the time of birth
 * tells a process from a later one with the same id. Not a lock against another host or container: there nobody can be asked, so
 * its lock is respected until the user removes it.
 */
import { execFileSync } from 'node:child_process';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { LoligoError } from '../../schemas/errors.ts';
import { onDisk, systemCode } from './disk.ts';

export interface WriterLock {
  release(): void;
}

/** Who holds a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Tells this process from an earlier or later one with its id; '' where the system does not say. */
  readonly birth: string;
}

const LOCK_NAME = 'writer.lock';
/** A contender that loses every time meets others that won: one of them holds the lock in the end. */
const CONTESTS = 5;

/** Throws RUN_LOCKED with the pid, DISK. */
export function lockForWriting(runDirectory: string): WriterLock {
  const path = join(runDirectory, LOCK_NAME);
  const own = { pid: process.pid, host: hostname(), birth: birthOf(process.pid) };
  for (let contest = 0; contest < CONTESTS; contest += 1) {
    if (created(path, own)) return { release: () => onDisk(path, 'removing', () => rmSync(path, { force: true })) };
    const holder = readHolder(path);
    if (holder === undefined) continue;
    if (isLive(holder, own)) throw locked(path, holder, own);
    removeStale(path, holder);
  }
  throw locked(path, readHolder(path), own);
}

/** Who writes the run directory now, as far as can be told from here; undefined when nobody does. */
export function writerOf(runDirectory: string): { readonly pid: number; readonly host: string } | undefined {
  const holder = readHolder(join(runDirectory, LOCK_NAME));
  if (holder === undefined || !isLive(holder, { pid: process.pid, host: hostname(), birth: '' })) return undefined;
  return { pid: holder.pid, host: holder.host };
}

/** Puts the lock there whole and only if there is none: a hard link to a file that is complete. */
function created(path: string, own: Holder): boolean {
  const complete = `${path}.${process.pid}.tmp`;
  return onDisk(path, 'locking', () => {
    writeFileSync(complete, JSON.stringify(own));
    try {
      linkSync(complete, path);
      return true;
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false;
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(systemCode(error))) throw error;
      return createdWithoutLink(path, own);
    } finally {
      rmSync(complete, { force: true });
    }
  });
}

/** File systems without hard links (FAT, some network mounts). */
function createdWithoutLink(path: string, own: Holder): boolean {
  try {
    writeFileSync(path, JSON.stringify(own), { flag: 'wx' });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** undefined when the lock went away, or is none of ours: then it is as stale as can be. */
function readHolder(path: string): Holder | undefined {
  try {
    return holderIn(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    if (error instanceof SyntaxError) return { pid: 0, host: '', birth: '' };
    return onDisk(path, 'reading', () => {
      throw error;
    });
  }
}

function holderIn(content: unknown): Holder {
  if (typeof content !== 'object' || content === null) return { pid: 0, host: '', birth: '' };
  const { pid, host, birth } = { pid: 0, host: '', birth: '', ...content };
  return { pid: Number(pid), host: String(host), birth: String(birth) };
}

function isLive(holder: Holder, own: Holder): boolean {
  if (holder.pid === 0) return false;
  if (holder.host !== own.host) return true;
  if (!exists(holder.pid)) return false;
  const birth = birthOf(holder.pid);
  return birth === '' || holder.birth === '' || birth === holder.birth;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}

/** Linux: id of the boot and start in clock ticks after it (proc(5), stat, field 22). Elsewhere what ps says. */
function birthOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the name of the command, in parentheses, may hold spaces and parentheses; field 3 follows it
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${ticks}`;
  } catch {
    // no /proc: not Linux
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    // no ps, or no such process
    return '';
  }
}

/**
 * Takes the lock away under another name first: whoever else judged it stale at the same time may have put a fresh one there, which
 * must come back.
 */
function removeStale(path: string, stale: Holder): void {
  const aside = `${path}.${process.pid}.stale`;
  onDisk(path, 'removing a stale lock', () => {
    try {
      renameSync(path, aside);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return;
      throw error;
    }
    if (JSON.stringify(readHolder(aside)) === JSON.stringify(stale)) rmSync(aside);
    else renameSync(aside, path);
  });
}

function locked(path: string, holder: Holder | undefined, own: Holder): LoligoError {
  const elsewhere = holder !== undefined && holder.host !== own.host;
  const got = holder === undefined ? 'a contest' : `process ${holder.pid}${elsewhere ? ` on ${holder.host}` : ''}`;
  const remedy = elsewhere
    ? 'Wait for it. If it is dead, remove the lock file: that cannot be found out from here.'
    : 'Wait for it, end it, or choose another --out.';
  return new LoligoError([{ code: 'RUN_LOCKED', where: path, rule: 'one process at a time writes a run directory', got, remedy }]);
}
