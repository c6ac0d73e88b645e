/** `loligo dead (list | retry)` */
import type { CommandModule } from 'yargs';
import { LoligoError } from '../../../schemas/errors.ts';
import type { DeadReplica } from '../../../schemas/generated/types.ts';
import { connectServer } from '../../../schemas/nats-connection.ts';
import { plural } from '../../report/number-format.ts';
import { deadOfDirectory, deadOfServer, retryInDirectory, retryOnServer } from '../dead-replicas.ts';
import { print, printJson, say } from '../output.ts';
import { findSweep } from '../sweep-notices.ts';
import { statusOfNotice } from '../sweep-status.ts';

interface DeadArguments {
  action: string;
  sweep: string;
  nats: string | undefined;
  index: number[] | undefined;
  json: boolean;
}

/** A sweep with dead replicas, wherever they are kept. */
interface Dead {
  readonly sweep: string;
  readonly replicas: readonly DeadReplica[];
  /** Puts replicas back; returns what happens next. */
  readonly retry: (chosen: readonly DeadReplica[]) => Promise<string>;
}

export const dead: CommandModule<object, DeadArguments> = {
  command: 'dead <action> <sweep>',
  describe: 'replicas that were given up after their last try: list them, or put them back with all their tries',
  builder: (yargs) =>
    yargs
      .positional('action', { type: 'string', demandOption: true, choices: ['list', 'retry'] })
      .positional('sweep', {
        type: 'string',
        demandOption: true,
        describe: 'with --nats a name, or the beginning of an id; without it a run directory that nobody writes',
      })
      .option('nats', { type: 'string', requiresArg: true, describe: 'nats://HOST:PORT or tls://HOST:PORT' })
      .option('index', { type: 'number', array: true, requiresArg: true, describe: 'only these replicas' })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON object' })
      .example('$0 dead list recovery --nats nats://127.0.0.1:4222', 'which, with what configuration, and why')
      .example('$0 dead retry recovery --nats nats://127.0.0.1:4222', 'put all of them back, while "loligo run" runs or before')
      .example('$0 dead retry runs/recovery --index 7 12', 'put two of a run directory back, for the next "loligo run"'),
  handler: async ({ action, sweep, nats, index, json }) => {
    if (nats === undefined) return act(action, ofDirectory(sweep), index, json);
    const { connection } = await connectServer(nats, 'orchestrator', process.env);
    try {
      const found = await findSweep(connection, sweep);
      const { alive } = statusOfNotice(found, [], Date.now());
      const id = found.notice.sweep;
      await act(
        action,
        {
          sweep: id,
          replicas: await deadOfServer(connection, id),
          retry: async (chosen) => {
            await retryOnServer(connection, id, chosen);
            return alive ? `${found.notice.by} publishes them anew` : 'the next "loligo run --nats" of the sweep publishes them anew';
          },
        },
        index,
        json,
      );
    } finally {
      await connection.close();
    }
  },
};

function ofDirectory(path: string): Dead {
  return {
    sweep: path,
    replicas: deadOfDirectory(path),
    retry: async (chosen) => {
      await retryInDirectory(path, chosen);
      return 'the next "loligo run" on this directory trains them';
    },
  };
}

async function act(action: string, { sweep, replicas, retry }: Dead, wanted: readonly number[] | undefined, json: boolean): Promise<void> {
  const chosen = wanted === undefined ? replicas : wanted.map((index) => chosenOf(replicas, index));
  if (action === 'list') {
    if (json) return printJson({ sweep, dead: chosen });
    if (chosen.length === 0) say('no replica was given up');
    for (const replica of chosen) print(describe(replica));
    return;
  }
  const next = chosen.length === 0 ? undefined : await retry(chosen);
  if (json) return printJson({ sweep, retried: chosen.map(({ index }) => index) });
  say(next === undefined ? 'no replica was given up' : `put back ${plural(chosen.length, 'replica')}; ${next}`);
}

function chosenOf(replicas: readonly DeadReplica[], index: number): DeadReplica {
  const found = replicas.find((replica) => replica.index === index);
  if (found !== undefined) return found;
  const some = replicas.slice(0, 10).map((replica) => replica.index);
  const remedy = some.length === 0 ? 'None was given up.' : `Given up: ${some.join(', ')}${replicas.length > some.length ? ', ...' : ''}.`;
  throw new LoligoError([{ code: 'USAGE', where: '--index', rule: 'must be a replica that was given up', got: String(index), remedy }]);
}

function describe({ index, replica, data, draw, seed, configuration, attempts, worker, reason, retries }: DeadReplica): string {
  const axes = Object.entries(configuration).map(([axis, value]) => `${axis} ${value}`);
  const before = retries === 0 ? '' : `, put back ${plural(retries, 'time')} before`;
  const what = [data, `draw ${draw}`, `seed ${seed}`, ...axes].join(', ');
  return `${index}  ${replica.slice(0, 12)}  ${what}\n    ${attempts} ${attempts === 1 ? 'try' : 'tries'}, last on ${worker}${before}: ${reason}`;
}
