import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** vitest begins with the largest files. These are short to read and long to run: begun last, each would keep one of the workers waiting. */
const LONG = [
  'contract/engine.test.ts',
  'fused/core/core.test.ts',
  'faults/cluster.test.ts',
  'contract/engine-variants.test.ts',
  'contract/engine-checkpoints.test.ts',
  'integration/cluster.test.ts',
  'webgpu/webgpu-engine.test.ts',
  'native/core-run.test.ts',
  'integration/checkpoints.test.ts',
  'integration/run.test.ts',
  'contract/builtin-models.test.ts',
  'integration/recovery.test.ts',
  'integration/interruption.test.ts',
  'integration/models-doc.test.ts',
];

/**
 * Rooms whose tests leave nothing behind in their process: one loads the sources for all of them, which otherwise takes each file longer than
 * its tests. No threads, no GPU, and no heap to measure (expansion).
 */
const TOGETHER = [
  'tests/{architecture,bench,property,schemas,study}/**/*.test.ts',
  'tests/orchestrator/{aggregate,calibration,cli,dashboard,gate,report,results,run,spec,statistics}/**/*.test.ts',
  'tests/orchestrator/expand/!(expansion).test.ts',
  'tests/worker/engines/{!(registry),reference/*}.test.ts',
  'tests/worker/{identifiability,models,recordings,simulate,train}/**/*.test.ts',
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
    testTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    // schedules of faults wait more than they work
    maxConcurrency: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'alone',
          include: ['tests/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...TOGETHER],
          // more than a small machine has cores: tests of queues and clusters wait for servers
          maxWorkers: 3,
        },
      },
      { extends: true, test: { name: 'together', include: TOGETHER, isolate: false, sequence: { groupOrder: 1 } } },
    ],
  },
});
