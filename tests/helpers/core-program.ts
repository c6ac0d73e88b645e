/**
 * Test programs of the fused engine's core: compiled by the compiler that builds the engine, with its flags, once for each instruction set
 * of this kind of processor, and run. tests/worker/engines/fused/core/program.hpp is their side.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { packageRoot } from '../../schemas/package-root.ts';

const run = promisify(execFile);

/** What build.mjs exports and this reads. */
interface Build {
  readonly FLAGS: readonly string[];
  instructionSets(): Readonly<Record<string, readonly string[]>>;
  findCompiler(): Promise<{ readonly program: string; readonly args: readonly string[] }>;
}

// build.mjs exports this: it is no TypeScript because it runs before anything is built
const build = (await import(pathToFileURL(join(packageRoot(), 'worker/engines/fused/build.mjs')).href)) as Build;

export const coreInstructionSets: readonly string[] = Object.keys(build.instructionSets());

/** For ARM, where both are installed. LOLIGO_EMULATED asks a program for less. */
const EMULATED = { compiler: '/usr/bin/aarch64-linux-gnu-g++', emulator: '/usr/bin/qemu-aarch64' };

export interface Printed {
  readonly lines: readonly string[];
  /** Exit status 0. */
  readonly holds: boolean;
}

/** Compile `source` (beside the test) into `folder` and run it; a string is the reason why that cannot be done here. */
export async function runCoreProgram(source: string, instructionSet: string, folder: string): Promise<Printed | string> {
  let compiler: Awaited<ReturnType<Build['findCompiler']>>;
  try {
    compiler = await build.findCompiler();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const program = join(folder, instructionSet);
  const flags = build.instructionSets()[instructionSet] ?? [];
  await run(compiler.program, [...compiler.args, ...build.FLAGS, ...flags, `-DLOLIGO_ISA=${instructionSet}`, source, '-o', program]);
  const printed = await printedBy(program, []);
  return printed.lines[0] === 'absent' ? `this processor has no ${instructionSet}` : printed;
}

export async function runEmulated(source: string, folder: string): Promise<Printed | string> {
  for (const needed of Object.values(EMULATED)) if (!existsSync(needed)) return `${needed} is not installed`;
  const program = join(folder, 'emulated');
  await run(EMULATED.compiler, [...build.FLAGS, '-static', '-DLOLIGO_ISA=neon', '-DLOLIGO_EMULATED', source, '-o', program]);
  return printedBy(EMULATED.emulator, [program]);
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
