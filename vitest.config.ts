import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** vitest begins with the largest files. These are short to read and long to run: begun last, each would keep one of the workers waiting. */
const LONG = [
  'fused/core/core.test.ts',
  'faults/cluster.test.ts',
  'native/core-run.test.ts',
  'contract/builtin-models.test.ts',
  'integration/recovery.test.ts',
  'integration/interruption.test.ts',
  'integration/models-doc.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = LONG.findIndex((name) => moduleId.endsWith(name));
      return place < 0 ? LONG.length : place;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    // schedules of faults wait more than they work
    maxConcurrency: 3,
    sequence: { sequencer: LongestFirst },
  },
});
