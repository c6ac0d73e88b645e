/** The built program as a child process: what it prints, says and ends with. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { packageRoot } from '../../schemas/package-root.ts';

export interface Ended {
  /** Exit code, or the signal that ended it. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stderr(): string;
}

export interface CommandLine {
  start(args: readonly string[], options?: { cwd?: string; environment?: Record<string, string> }): Started;
  run(args: readonly string[], options?: { cwd?: string; environment?: Record<string, string> }): Promise<Ended>;
}

const MAIN = join(packageRoot(), 'dist', 'orchestrator', 'cli', 'main.js');

/** Call once at the top of a test file; what still runs after a test is killed. */
export function commandLine(): CommandLine {
  const children = new Set<ChildProcess>();
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    children.clear();
  });
  const start: CommandLine['start'] = (args, { cwd, environment } = {}) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: cwd ?? packageRoot(),
      env: { ...process.env, ...environment },
    });
    children.add(child);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    const ended = once(child, 'close').then(([code, signal]: (number | string | null)[]): Ended => {
      children.delete(child);
      return { code: code ?? signal ?? 'no code', stdout, stderr };
    });
    return { child, ended, stderr: () => stderr };
  };
  return { start, run: (args, options) => start(args, options).ended };
}
