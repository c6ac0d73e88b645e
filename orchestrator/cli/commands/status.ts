/** `loligo status` */
import type { CommandModule } from 'yargs';
import { LoligoError } from '../../../schemas/errors.ts';
import { connectServer } from '../../../schemas/nats-connection.ts';
import { print, printJson } from '../output.ts';
import { readCards, readNotices } from '../sweep-notices.ts';

export const status: CommandModule<object, { sweep: string; nats: string; json: boolean }> = {
  command: 'status <sweep>',
  describe: 'how far a sweep of a NATS server is, and who trains it',
  builder: (yargs) =>
    yargs
      .positional('sweep', { type: 'string', demandOption: true, describe: 'its name, or the beginning of its id' })
      .option('nats', { type: 'string', requiresArg: true, demandOption: true, describe: 'nats://HOST:PORT or tls://HOST:PORT' })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON object' })
      .example('$0 status recovery --nats nats://127.0.0.1:4222', 'finished, outcomes, workers'),
  handler: async ({ sweep, nats, json }) => {
    const { connection } = await connectServer(nats, 'orchestrator', process.env);
    try {
      const [notice] = await readNotices(connection, sweep);
      if (notice === undefined)
        throw new LoligoError([{ code: 'USAGE', where: 'sweep', rule: 'must be a sweep of the server', got: sweep }]);
      const workers = await readCards(connection);
      const running = workers.reduce((sum, card) => sum + card.running, 0);
      if (json) return printJson({ ...notice, running, workers });
      const { name, finished, planned, byOutcome } = notice;
      const outcomes = Object.entries(byOutcome).map(([kind, count]) => `${count} ${kind}`);
      print(`${name}: ${finished} of ${planned} finished (${outcomes.join(', ')}), ${running} running on ${workers.length} workers`);
      for (const { worker, engine, threads, running: own } of workers) print(`  ${worker}: ${engine}, ${threads} threads, ${own} running`);
    } finally {
      await connection.close();
    }
  },
};
