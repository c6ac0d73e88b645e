/**
 * The real nats-servers for tests: Debian's 2.9 and a current one.
 * Found by NATS_SERVER_OLD and NATS_SERVER_NEW, else /usr/sbin/nats-server (Debian's package) and ~/go/bin/nats-server (go install).
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export { startNats, type NatsServer } from './nats-process.mjs';

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
