/** Compiles a C++ test of the fused core once per instruction set that this machine runs, with the add-on's own flags, and runs it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadNative } from '../../worker/engines/fused/native.ts';

const run = promisify(execFile);

/** What build.mjs exports, as far as it is needed here. */
interface Build {
  readonly FLAGS: readonly string[];
  findCompiler(): Promise<{ readonly program: string; readonly args: readonly string[] }>;
  instructionSets(): Readonly<Record<string, readonly string[]>>;
}

/** Instruction sets to test; null where there is no compiler, which only CI does not forgive. */
export async function testedInstructionSets(): Promise<readonly string[] | null> {
  try {
    return (await loadNative()).runnable;
  } catch (reason) {
    if (process.env['CI'] === 'true') throw reason;
    return null;
  }
}

/** What the test prints. Rejects, with that, when it exits with anything but 0. */
export async function runCoreTest(source: string, instructionSet: string): Promise<string> {
  // no TypeScript, because it runs before anything is built; it exports this
  const build = (await import(new URL('../../worker/engines/fused/build.mjs', import.meta.url).href)) as Build;
  const { program, args } = await build.findCompiler();
  const folder = mkdtempSync(join(tmpdir(), 'loligo-core-'));
  try {
    const executable = join(folder, 'test');
    const flags = build.instructionSets()[instructionSet] ?? [];
    await run(program, [...args, ...build.FLAGS, '-Wno-psabi', `-DLOLIGO_ISA=${instructionSet}`, ...flags, source, '-o', executable]);
    return (await run(executable)).stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
