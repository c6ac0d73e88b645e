/** The processes of the orchestration benchmark: children that run one of its parts, nats-servers, and what they cost. */
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A child running `part`, started and told its options. `figures` resolves to what it measured, `finished()` is what it last reported. */
export async function startPart(part, options, { env = {}, flags = [] } = {}) {
  const child = fork(fileURLToPath(new URL(part, import.meta.url)), { env: { ...process.env, ...env }, execArgv: flags });
  let finished = 0;
  const figures = new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if (message.finished !== undefined) finished = message.finished;
      if (message.figures !== undefined) resolve(message.figures);
      if (message.failed !== undefined) reject(new Error(`${part}: ${message.failed}`));
    });
    child.once('exit', (code, signal) => reject(new Error(`${part} ended early (${signal ?? code})`)));
  });
  figures.catch(() => undefined); // reported to whoever awaits it
  await once(child, 'message');
  child.send(options);
  return {
    pid: child.pid,
    figures,
    finished: () => finished,
    stop: () => {
      if (child.connected) child.send('stop');
      return figures;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

/** Linux: CPU so far, memory now and its peak. */
export function usageOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kb = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  const tickMs = 10;
  return { cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs, residentMb: kb('VmRSS') / 1e3, peakMb: kb('VmHWM') / 1e3 };
}

/** The nats-servers there are, oldest first, as tests/helpers/nats-server.ts finds them; else the one in PATH. */
export function serverBinaries() {
  const places = [
    process.env.NATS_SERVER_OLD ?? '/usr/sbin/nats-server',
    process.env.NATS_SERVER_NEW ?? join(homedir(), 'go/bin/nats-server'),
  ].filter((place) => existsSync(place));
  return (places.length > 0 ? places : ['nats-server']).flatMap((binary) => {
    const { stdout, error } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
    return error === undefined ? [{ binary, version: /v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? stdout.trim() }] : [];
  });
}
