import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 60_000,
    pool: 'forks',
    // a third of the time is spent waiting for servers, leases and processes
    maxWorkers: 3,
    // schedules of faults wait more than they work
    maxConcurrency: 2,
  },
});
