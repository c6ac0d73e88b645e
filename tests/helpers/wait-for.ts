/** Waits for something that another thread or process does and tells nobody: looks again at every turn of the event loop. The test's own time limit ends it. */
import { setImmediate as turn } from 'node:timers/promises';

export async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}
