/**
 * The core's kernels by themselves, in C++ against plain loops, for every instruction set that the compiler and this processor have, and
 * for ARM under an emulator where there is one. A broken property prints its cases.
 */
import { describe, expect, test } from 'vitest';
import { besideTest, coreInstructionSets, runCoreProgram, runEmulated, type Printed } from '../../../../helpers/core-program.ts';
import { scratchFolders } from '../../../../helpers/scratch-folder.ts';

const scratchFolder = scratchFolders();
const TIMEOUT_MS = 120_000;

const PROGRAMS = [
  ['matrix.cpp', 'products, transposed products and outer products are exact at every size around the blocks'],
  ['dense.cpp', 'tiles of products, Cholesky factors and solutions hold at every size around tiles, panels and blocks'],
  ['network.cpp', 'the network equals plain loops, and its gradient their differences, in every variant and size'],
] as const;

/** A reason to skip counts as a failure on CI, which has compilers. */
function expectHolds(printed: Printed | string, skip: (reason: string) => void): void {
  if (typeof printed === 'string') {
    if (process.env['CI'] === 'true' && !printed.startsWith('this processor')) throw new Error(printed);
    return skip(printed);
  }
  expect(printed.lines.filter((line) => line.startsWith('  broken'))).toEqual([]);
  expect(printed.holds, printed.lines.join('\n')).toBe(true);
  expect(printed.lines.length).toBeGreaterThan(2);
}

describe.each(PROGRAMS)('%s', (source, promise) => {
  test.for(coreInstructionSets)(`%s: ${promise}`, { timeout: TIMEOUT_MS }, async (instructionSet, { skip }) => {
    const printed = await runCoreProgram(besideTest(import.meta.url, source), instructionSet, scratchFolder());
    expectHolds(printed, skip);
  });

  test(
    `ARM: ${promise}`,
    async ({ skip }) => {
      expectHolds(await runEmulated(besideTest(import.meta.url, source), scratchFolder()), skip);
    },
    TIMEOUT_MS,
  );
});
