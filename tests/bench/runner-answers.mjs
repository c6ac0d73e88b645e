/** The other end of runners.mjs, for runners written here: prints "ready", answers each line on standard input, says in one line why it cannot. */
import { createInterface } from 'node:readline';
import { oneLine } from './rates.mjs';

/** `open` resolves to `measure` (a rate, perhaps a loss; its first slice warms up) and `close`. */
export async function answerSlices(open) {
  try {
    const { measure, close } = await open();
    await measure();
    process.stdout.write('ready\n');
    for await (const _ of createInterface({ input: process.stdin })) {
      const { rate, loss } = await measure();
      process.stdout.write(`${rate.toFixed(3)}${loss === undefined ? '' : ` ${loss.toPrecision(5)}`}\n`);
    }
    await close();
  } catch (error) {
    process.stderr.write(`${oneLine(error)}\n`);
    process.exit(1);
  }
}
