/** Elementary functions and the tape, which are tested where they are: in C++, against libm and a plain interpreter, on each instruction set. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { runCoreTest, testedInstructionSets } from '../../../helpers/core-test.ts';

const SETS = await testedInstructionSets();
const source = (name: string): string => fileURLToPath(new URL(`core/${name}.cpp`, import.meta.url));

describe.skipIf(SETS === null)('on each instruction set', () => {
  test.each(SETS ?? [])(
    'elementary functions keep their accuracy, limits and NaN: %s',
    async (set) => {
      expect(await runCoreTest(source('elementary'), set)).not.toMatch('TOO LARGE');
    },
    60_000,
  );

  test.each(SETS ?? [])(
    'a tape computes what its program says, at every block size: %s',
    async (set) => {
      expect(await runCoreTest(source('tape'), set)).toMatch(/^tape float .*\ntape double /);
    },
    60_000,
  );
});
