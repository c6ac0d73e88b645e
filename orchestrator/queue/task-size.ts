/** Tasks that no server would take are found before anything is published: a stream refuses them without a word. */
import { throwIfAny } from '../../schemas/errors.ts';
import type { ResolvedSweep } from '../../schemas/generated/types.ts';
import { MAX_TASK_BYTES } from '../../schemas/wire.ts';
import type { Expansion } from '../expand/expansion.ts';

/** What else differs between the tasks of one data unit: numbers of an index, a draw, a seed, a configuration. */
const SLACK_BYTES = 4096;
const KILO = 1024;

/** `largest`: message of the server. Throws SPEC_UNSUPPORTED. */
export function refuseLargeTasks(
  { problem }: Pick<ResolvedSweep, 'problem'>,
  { task, configurations }: Pick<Expansion, 'task' | 'configurations'>,
  largest = MAX_TASK_BYTES,
): void {
  const most = Math.min(largest, MAX_TASK_BYTES) - SLACK_BYTES;
  let draws = 0;
  const found = problem.data.map(({ draws: own, label }) => {
    const bytes = Buffer.byteLength(JSON.stringify(task(draws * configurations)));
    draws += own;
    return { label, bytes };
  });
  const rule = `a task that goes through a server must have at most ${Math.floor(most / KILO)} kB`;
  const remedy = 'Describe the stimulus in fewer parts, or run the sweep without --nats.';
  const large = found.filter(({ bytes }) => bytes > most);
  throwIfAny(
    large.map(({ label, bytes }) => ({
      code: 'SPEC_UNSUPPORTED',
      where: `data ${label}`,
      rule,
      got: `${Math.ceil(bytes / KILO)} kB`,
      remedy,
    })),
  );
}
