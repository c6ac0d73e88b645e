/** `loligo cancel SWEEP` */
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { CommandModule } from 'yargs';
import { connectServer } from '../../../schemas/nats-connection.ts';
import { cancelSubject } from '../../../schemas/wire.ts';
import { withdrawTasks } from '../../queue/streams.ts';
import { say } from '../output.ts';
import { findSweep } from '../sweep-notices.ts';

export const cancel: CommandModule<object, { sweep: string; nats: string }> = {
  command: 'cancel <sweep>',
  describe: 'end a sweep that runs through a NATS server, with what trains now; what is stored stays',
  builder: (yargs) =>
    yargs
      .positional('sweep', { type: 'string', demandOption: true, describe: 'its name, or the beginning of its id' })
      .option('nats', { type: 'string', requiresArg: true, demandOption: true, describe: 'nats://HOST:PORT or tls://HOST:PORT' })
      .example('$0 cancel recovery --nats nats://127.0.0.1:4222', 'its run ends as interrupted; the same run command goes on'),
  handler: async ({ sweep, nats }) => {
    const { connection } = await connectServer(nats, 'orchestrator', process.env);
    try {
      const { notice } = await findSweep(connection, sweep);
      // kept by a stream, so that an orchestrator and workers that are cut off hear of it when they come back
      await jetstream(connection).publish(cancelSubject(notice.sweep), '');
      // with no orchestrator there, nobody else takes the tasks away; results that wait for one stay
      await withdrawTasks(await jetstreamManager(connection, { checkAPI: false }), notice.sweep);
      say(`cancelled ${notice.name} (${notice.sweep.slice(0, 12)})`);
    } finally {
      await connection.close();
    }
  },
};
