/** `loligo serve DIR` */
import { once } from 'node:events';
import type { CommandModule } from 'yargs';
import { openDashboard } from '../../dashboard/dashboard-server.ts';
import { checkPort } from '../../dashboard/listening-server.ts';
import { readRun } from '../../results/run-directory.ts';
import { dashboardOf } from '../dashboard-run.ts';
import { print, say } from '../output.ts';

const DEFAULT_PORT = 8642;

interface ServeArguments {
  dir: string;
  port: number | undefined;
  host: string;
}

export const serve: CommandModule<object, ServeArguments> = {
  command: 'serve <dir>',
  describe: 'a page with the progress, the estimates so far and the report of a run directory, while it runs or after; Ctrl-C ends it',
  builder: (yargs) =>
    yargs
      .positional('dir', { type: 'string', demandOption: true, describe: 'run directory' })
      .option('port', {
        type: 'number',
        requiresArg: true,
        describe: `0 for any free port [default: ${DEFAULT_PORT}, or any free one where that is taken]`,
      })
      .option('host', {
        type: 'string',
        requiresArg: true,
        default: '127.0.0.1',
        describe: 'address to serve on; on another than the loopback everyone who reaches it sees the run',
      })
      .example('$0 serve runs/recovery', 'then open the address that it prints'),
  handler: async ({ dir, port, host }) => {
    checkPort(port, '--port');
    const { look, makeReport, close } = dashboardOf(readRun(dir));
    const options = { runDirectory: dir, host, look, makeReport };
    const dashboard = await (port === undefined
      ? openDashboard({ ...options, port: DEFAULT_PORT }).catch(() => openDashboard({ ...options, port: 0 }))
      : openDashboard({ ...options, port }));
    print(dashboard.url);
    say('Ctrl-C ends it');
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    close();
    await dashboard.close();
  },
};
