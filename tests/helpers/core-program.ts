/**
 * Test programs of the fused engine's core: compiled by the compiler that builds the engine, with its flags, once for each instruction set
 * that this machine runs, and run. tests/worker/engines/fused/core/program.hpp is their side.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findCompiler, FLAGS, instructionSets } from '../../worker/engines/fused/build.mjs';
import { loadNative } from '../../worker/engines/fused/native.ts';

const run = promisify(execFile);

/** Instruction sets that this machine runs, best first; none where there is no compiler, which CI does not forgive. */
export async function runnableInstructionSets(): Promise<readonly string[]> {
  try {
    // an add-on may be there that another compiler built
    await findCompiler();
    return (await loadNative()).runnable;
  } catch (reason) {
    if (process.env['CI'] === 'true') throw reason;
    return [];
  }
}

/** Compiling is most of the time. The best set is compiled as the engine is; contract suite and core-run.test.ts run the others so. */
const QUICK = ['-O1'];

const ARM = { compiler: '/usr/bin/aarch64-linux-gnu-g++', emulator: '/usr/bin/qemu-aarch64' };

/** Whether there is what runEmulated needs. CI has it: where it does not, the tests are to fail, not to be passed over. */
export const emulatesArm = process.env['CI'] === 'true' || Object.values(ARM).every((needed) => existsSync(needed));

export interface Printed {
  readonly lines: readonly string[];
  /** Exit status 0. */
  readonly holds: boolean;
}

/** Compile `source` into `folder` and run it. */
export async function runCoreProgram(source: string, instructionSet: string, folder: string): Promise<Printed> {
  const program = join(folder, instructionSet);
  const { program: compiler, args } = await findCompiler();
  const best = (await loadNative()).runnable[0] === instructionSet;
  await run(compiler, [...args, ...flagsFor(instructionSet, best ? [] : QUICK), source, '-o', program]);
  return printedBy(program, []);
}

/** The same for ARM, whose emulator is a hundred times slower: LOLIGO_EMULATED asks a program for less. */
export async function runEmulated(source: string, folder: string): Promise<Printed> {
  const program = join(folder, 'emulated');
  await run(ARM.compiler, [...flagsFor('neon', QUICK), '-static', '-DLOLIGO_EMULATED', source, '-o', program]);
  return printedBy(ARM.emulator, [program]);
}

/** The add-on's own. g++ warns of the ABI of vectors wider than the baseline's, which no one else is passed. */
function flagsFor(instructionSet: string, last: readonly string[]): string[] {
  return [...FLAGS, ...last, '-Wno-psabi', ...(instructionSets()[instructionSet] ?? []), `-DLOLIGO_ISA=${instructionSet}`];
}

export function besideTest(testUrl: string, name: string): string {
  return join(dirname(fileURLToPath(testUrl)), name);
}

async function printedBy(program: string, args: readonly string[]): Promise<Printed> {
  const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');
  try {
    return { lines: linesOf((await run(program, args)).stdout), holds: true };
  } catch (error) {
    // execFile's error carries what was printed before the program ended with another status
    const { stdout = '', message } = error as { stdout?: string; message: string };
    return { lines: stdout === '' ? [message] : linesOf(stdout), holds: false };
  }
}
