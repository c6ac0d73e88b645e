/**
 * The core's parts by themselves, in C++ against plain loops, libm or a plain interpreter, for the instruction sets that the compiler and
 * this processor have, best and plainest, and for ARM under an emulator where there is one. A broken property prints its cases.
 */
import { describe, expect, test } from 'vitest';
import {
  besideTest,
  emulatesArm,
  runCoreProgram,
  runEmulated,
  runnableInstructionSets,
  type Printed,
} from '../../../../helpers/core-program.ts';
import { scratchFolders } from '../../../../helpers/scratch-folder.ts';

const scratchFolder = scratchFolders();
const TIMEOUT_MS = 300_000;

const PROGRAMS = [
  ['elementary.cpp', 'elementary functions keep their accuracy, limits and NaN'],
  ['tape.cpp', 'a tape computes what its program says, at every block size'],
  ['matrix.cpp', 'products, transposed products and outer products are exact at every size around the blocks'],
  ['dense.cpp', 'tiles of products, Cholesky factors and solutions hold at every size around tiles, panels and blocks'],
  ['local_basis.cpp', 'few functions give every sine and cosine of a stretch, and their rates'],
  ['network.cpp', 'the network equals plain loops, and its gradient their differences, in every variant and size'],
] as const;

function expectHolds(printed: Printed): void {
  expect(printed.lines.filter((line) => line.startsWith('  broken'))).toEqual([]);
  expect(printed.holds, printed.lines.join('\n')).toBe(true);
  expect(printed.lines.length).toBeGreaterThan(1);
}

const runnable = await runnableInstructionSets();
/** What lies between differs in the width of its vectors only; the contract suites run it. */
const SETS = [...new Set([runnable[0], runnable.at(-1)])].filter((set) => set !== undefined);

describe.each(PROGRAMS)('%s', (source, promise) => {
  const path = besideTest(import.meta.url, source);

  test.each(SETS)(
    `%s: ${promise}`,
    async (instructionSet) => expectHolds(await runCoreProgram(path, instructionSet, scratchFolder())),
    TIMEOUT_MS,
  );

  test.skipIf(!emulatesArm)(`ARM: ${promise}`, async () => expectHolds(await runEmulated(path, scratchFolder())), TIMEOUT_MS);
});
