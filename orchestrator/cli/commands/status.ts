/** `loligo status` */
import type { CommandModule } from 'yargs';
import { LoligoError } from '../../../schemas/errors.ts';
import { connectServer } from '../../../schemas/nats-connection.ts';
import { print, printJson } from '../output.ts';
import { findSweep, readCards, readNotices } from '../sweep-notices.ts';
import { describeStatus, statusOfDirectory, statusOfNotice, type SweepStatus } from '../sweep-status.ts';

interface StatusArguments {
  sweep: string | undefined;
  nats: string | undefined;
  json: boolean;
}

export const status: CommandModule<object, StatusArguments> = {
  command: 'status [sweep]',
  describe: 'how far a sweep is, how fast it goes and who trains it: of a run directory, or of a NATS server',
  builder: (yargs) =>
    yargs
      .positional('sweep', {
        type: 'string',
        describe: 'a run directory; with --nats a name, or the beginning of an id (all sweeps without it)',
      })
      .option('nats', { type: 'string', requiresArg: true, describe: 'nats://HOST:PORT or tls://HOST:PORT' })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON object' })
      .example('$0 status runs/recovery', 'of a run directory, while it runs or after')
      .example('$0 status recovery --nats nats://127.0.0.1:4222', 'of a sweep of that server'),
  handler: async ({ sweep, nats, json }) => {
    if (nats === undefined) {
      if (sweep === undefined) throw lacking();
      return show([statusOfDirectory(sweep, Date.now())], json, sweep, 'the same "loligo run" goes on');
    }
    const { connection } = await connectServer(nats, 'orchestrator', process.env);
    try {
      const notices = sweep === undefined ? await readNotices(connection) : [await findSweep(connection, sweep)];
      const cards = await readCards(connection);
      const states = notices.map((notice) => statusOfNotice(notice, cards, Date.now()));
      show(states, json, sweep, 'the same "loligo run --nats" goes on');
    } finally {
      await connection.close();
    }
  },
};

/** One sweep that was asked for, or all: then as { sweeps: [...] }. */
function show(states: readonly SweepStatus[], json: boolean, asked: string | undefined, goesOn: string): void {
  if (json) return printJson(asked === undefined ? { sweeps: states } : states[0]);
  if (states.length === 0) return print('no sweep was run through this server');
  for (const state of states) print(describeStatus(state, goesOn));
}

function lacking(): LoligoError {
  const remedy = 'Give a run directory, or --nats URL.';
  return new LoligoError([{ code: 'USAGE', where: 'status', rule: 'a run directory or --nats must be given', remedy }]);
}
