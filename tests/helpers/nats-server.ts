/**
 * Real nats-servers for tests: Debian's 2.9 and a current one, each on a free loopback port with its own disk in a scratch folder.
 * Found by NATS_SERVER_OLD and NATS_SERVER_NEW, else /usr/sbin/nats-server (Debian's package) and ~/go/bin/nats-server (go install).
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface NatsVersion {
  readonly name: string;
  readonly binary: string;
}

const PLACES = [
  process.env['NATS_SERVER_OLD'] ?? '/usr/sbin/nats-server',
  process.env['NATS_SERVER_NEW'] ?? join(homedir(), 'go/bin/nats-server'),
];

/** The versions there are, oldest first; where there is none, describe.each() of a suite makes none. With CI=true both have to be there. */
export function natsVersions(): NatsVersion[] {
  const absent = PLACES.filter((place) => !existsSync(place));
  if (absent.length > 0 && process.env['CI'] === 'true') throw new Error(`no nats-server at ${absent.join(' and ')}`);
  if (absent.length > 0) console.warn(`skipped: no nats-server at ${absent.join(' and ')} (NATS_SERVER_OLD, NATS_SERVER_NEW name others)`);
  return PLACES.filter((place) => existsSync(place)).map((binary) => {
    const said = spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout;
    return { binary, name: `nats-server ${/v?(\d+\.\d+\.\d+)/.exec(said)?.[1] ?? said.trim()}` };
  });
}

export interface NatsServer {
  readonly url: string;
  readonly pid: number;
  /** kill -9, or another signal. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** On the same port and disk. */
  start(): Promise<void>;
  wipe(): void;
  pause(): void;
  resume(): void;
}

/** Started and answering. `config` is added to its configuration file. */
export async function startNats(binary: string, folder: string, config = ''): Promise<NatsServer> {
  const port = await freePort();
  const disk = join(folder, 'jetstream');
  const file = join(folder, 'nats.conf');
  writeFileSync(file, `listen: 127.0.0.1:${port}\njetstream { store_dir: ${JSON.stringify(disk)} }\n${config}`);
  let child: ChildProcess | undefined;
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    const dying = child;
    child = undefined;
    if (dying === undefined || dying.exitCode !== null || dying.signalCode !== null) return;
    const exit = once(dying, 'exit');
    dying.kill(signal);
    await exit;
  };
  const server = {
    url: `nats://127.0.0.1:${port}`,
    get pid(): number {
      return child?.pid ?? 0;
    },
    kill,
    start: async (): Promise<void> => {
      child = spawn(binary, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
      await ready(child);
    },
    wipe: (): void => rmSync(disk, { recursive: true, force: true }),
    pause: (): void => void child?.kill('SIGSTOP'),
    resume: (): void => void child?.kill('SIGCONT'),
  };
  await server.start();
  return server;
}

/** "Server is ready" is the last line of its start. */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (text: Buffer) => {
      if (said.includes('Server is ready')) return;
      said += text.toString();
      if (said.includes('Server is ready')) resolve();
    });
    child.once('exit', () => reject(new Error(`nats-server ended: ${said}`)));
  });
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
