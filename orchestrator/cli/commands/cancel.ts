/** `loligo cancel SWEEP` */
import { jetstream } from '@nats-io/jetstream';
import type { CommandModule } from 'yargs';
import { LoligoError } from '../../../schemas/errors.ts';
import { connectServer } from '../../../schemas/nats-connection.ts';
import { cancelSubject } from '../../../schemas/wire.ts';
import { say } from '../output.ts';
import { readNotices } from '../sweep-notices.ts';

export const cancel: CommandModule<object, { sweep: string; nats: string }> = {
  command: 'cancel <sweep>',
  describe: 'end a sweep that runs through a NATS server; what is stored stays',
  builder: (yargs) =>
    yargs
      .positional('sweep', { type: 'string', demandOption: true, describe: 'its name, or the beginning of its id' })
      .option('nats', { type: 'string', requiresArg: true, demandOption: true, describe: 'nats://HOST:PORT or tls://HOST:PORT' })
      .example('$0 cancel recovery --nats nats://127.0.0.1:4222', 'its run ends as interrupted'),
  handler: async ({ sweep, nats }) => {
    const { connection } = await connectServer(nats, 'orchestrator', process.env);
    try {
      const notices = await readNotices(connection, sweep);
      const [notice] = notices;
      if (notice === undefined || notices.length > 1) {
        const got = `${sweep}, which ${notices.length} sweeps go by`;
        throw new LoligoError([{ code: 'USAGE', where: 'sweep', rule: 'must be one sweep of the server', got }]);
      }
      // kept by a stream, so that an orchestrator that is cut off hears of it when it comes back
      await jetstream(connection).publish(cancelSubject(notice.sweep), '');
      say(`cancelled ${notice.name} (${notice.sweep.slice(0, 12)})`);
    } finally {
      await connection.close();
    }
  },
};
