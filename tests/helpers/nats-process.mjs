/** A nats-server as a child process, on a free loopback port and with a disk of its own. Plain JavaScript: the fault study runs it without a compiler. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** Started and answering. `config` is added to its configuration file. */
export async function startNats(binary, folder, config = '') {
  const port = await freePort();
  const disk = join(folder, 'jetstream');
  const file = join(folder, 'nats.conf');
  writeFileSync(file, `listen: 127.0.0.1:${port}\njetstream { store_dir: ${JSON.stringify(disk)} }\n${config}`);
  let child;
  const server = {
    url: `nats://127.0.0.1:${port}`,
    get pid() {
      return child?.pid ?? 0;
    },
    kill: async (signal = 'SIGKILL') => {
      const dying = child;
      child = undefined;
      if (dying === undefined || dying.exitCode !== null || dying.signalCode !== null) return;
      const exit = once(dying, 'exit');
      dying.kill(signal);
      await exit;
    },
    start: async () => {
      child = spawn(binary, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
      await ready(child);
    },
    wipe: () => rmSync(disk, { recursive: true, force: true }),
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
  };
  await server.start();
  return server;
}

/** "Server is ready" is the last line of its start. */
function ready(child) {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (text) => {
      if (said.includes('Server is ready')) return;
      said += text.toString();
      if (said.includes('Server is ready')) resolve();
    });
    child.once('exit', () => reject(new Error(`nats-server ended: ${said}`)));
  });
}

async function freePort() {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
