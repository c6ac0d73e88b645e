/** Waits for something that another thread or process does and tells nobody: looks again every millisecond. The test's own time limit ends it. */
import { setTimeout as delay } from 'node:timers/promises';

export async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(1);
}

/** The same for a condition that is asked elsewhere. */
export async function waitUntil(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(1);
}
