/**
 * What can happen to a cluster, one object for each kind: how it is done, and whose leases it may cost (`touches`): what `all` share, the
 * process whose id is given, or nobody. A kind with `poison` is a property of a replica, and happens by itself.
 *
 * Not here: a jump of the server's clock. Go reads the clock past every preloaded library, and a machine's own is not ours to move.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { hasEnded } from './scene.mjs';

const all = () => 'all';
const nobody = () => [];
const STREAMS = ['LOLIGO_TASKS', 'LOLIGO_RESULTS', 'LOLIGO_STATE', 'OBJ_loligo'];
const HOUR_MS = 3600 * 1000;

const pick = (list, whim) => list[Math.floor(whim() * list.length)];
const pid = (slot) => () => [slot.child.pid];
/** Longer than a lease. */
const beyondLeaseMs = ({ plan }, whim) => plan.ackWaitMs * (1.2 + 0.6 * whim());

/** Ends the process of a slot, and starts another one some time later. */
async function replace(scene, slot, signal, whim) {
  await scene.signal(slot, signal);
  await delay(whim() * 800);
  scene.restart(slot);
}

async function pause(scene, slot, ms) {
  const { child } = slot;
  if (hasEnded(child)) return;
  child.kill('SIGSTOP');
  await delay(ms);
  child.kill('SIGCONT');
}

/** Asks the server itself for something, past all links. A server that is down is disturbed enough. */
async function ask(scene, request) {
  const connection = await connect({ servers: scene.server.url, timeout: 2000, reconnect: false }).catch(() => undefined);
  if (connection === undefined) return;
  try {
    await request(await jetstreamManager(connection, { checkAPI: false }));
  } catch {
    // what is not there cannot be deleted
  } finally {
    await connection.close();
  }
}

const onWorker = (name, body) => ({
  name,
  apply: (scene, whim) => {
    const slot = pick(scene.workers(), whim);
    return scene.disturb(slot.name, { kind: name, touches: pid(slot) }, (disturbance) => body(scene, slot, whim, disturbance));
  },
});

const onOrchestrator = (name, body) => ({
  name,
  apply: (scene, whim) => {
    const slot = scene.slots.get('orchestrator');
    return scene.disturb(slot.name, { kind: name, touches: nobody }, () => body(scene, slot, whim));
  },
});

const onServer = (name, body) => ({
  name,
  apply: (scene, whim) => scene.disturb('server', { kind: name, touches: all }, () => body(scene, whim)),
});

/** On the link of a worker or of the orchestrator, whose own loss costs no lease. */
const onLink = (name, body) => ({
  name,
  apply: (scene, whim) => {
    const slot = pick([...scene.slots.values()], whim);
    const touches = slot.role === 'worker' ? pid(slot) : nobody;
    return scene.disturb(slot.name, { kind: name, touches }, () => body(scene, slot.link, whim));
  },
});

const deaths = [
  onWorker('kill worker', (scene, slot, whim) => replace(scene, slot, 'SIGKILL', whim)),
  onWorker('kill thread', async (scene, slot, whim) => {
    if (slot.child.connected) slot.child.send({ order: 'end thread', place: Math.floor(whim() * 8) }, () => undefined);
    // it is asked now, and ends at once
    await delay(100);
  }),
  onWorker('drain worker', (scene, slot, whim) => replace(scene, slot, 'SIGTERM', whim)),
  onWorker('stop worker', (scene, slot, whim) => pause(scene, slot, beyondLeaseMs(scene, whim))),
  onOrchestrator('kill orchestrator', (scene, slot, whim) => replace(scene, slot, 'SIGKILL', whim)),
  onOrchestrator('stop orchestrator', (scene, slot, whim) => pause(scene, slot, beyondLeaseMs(scene, whim))),
];

const servers = [
  onServer('kill server', async ({ server }, whim) => {
    await server.kill();
    await delay(whim() * 800);
    await server.start();
  }),
  onServer('wipe server', async ({ server }, whim) => {
    await server.kill();
    server.wipe();
    await delay(whim() * 800);
    await server.start();
  }),
  onServer('stop server', async (scene, whim) => {
    scene.server.pause();
    await delay(beyondLeaseMs(scene, whim));
    scene.server.resume();
  }),
];

const streams = [
  onServer('delete stream', (scene, whim) => {
    const stream = pick(STREAMS, whim);
    return ask(scene, (manager) => manager.streams.delete(stream));
  }),
  onServer('purge stream', (scene, whim) => {
    const stream = pick(STREAMS, whim);
    return ask(scene, (manager) => manager.streams.purge(stream));
  }),
  onServer('delete consumer', (scene, whim) => {
    const stream = pick(STREAMS.slice(0, 2), whim);
    return ask(scene, async (manager) => {
      const consumers = await manager.consumers.list(stream).next();
      const consumer = pick(consumers, whim);
      if (consumer !== undefined) await manager.consumers.delete(stream, consumer.name);
    });
  }),
  onServer('delete messages', (scene, whim) => {
    const stream = pick(STREAMS.slice(0, 3), whim);
    return ask(scene, async (manager) => {
      const { state } = await manager.streams.info(stream);
      for (let sequence = state.first_seq; sequence <= state.last_seq; sequence += 1)
        if (whim() < 0.3) await manager.streams.deleteMessage(stream, sequence, false).catch(() => undefined);
    });
  }),
];

const links = [
  onLink('slow link', async (scene, link, whim) => {
    link.slow(20 + whim() * 300, 2000 * 10 ** (whim() * 2));
    await delay(500 + whim() * 1500);
    link.mend();
  }),
  onLink('cut link', async (scene, link, whim) => {
    link.cut();
    await delay(whim() * 1.5 * scene.plan.ackWaitMs);
    link.mend();
  }),
  onLink('torn message', async (scene, link) => {
    link.tear();
    await delay(200);
  }),
  onLink('silent link', async (scene, link, whim) => {
    if (whim() < 0.15) return link.forget();
    link.silence();
    await delay(beyondLeaseMs(scene, whim));
    if (whim() < 0.5) link.mend();
    else link.mendAnew();
  }),
];

const others = [
  {
    name: 'echoed messages',
    apply: (scene, whim) => {
      const count = 5 + Math.floor(whim() * 25);
      const send = async (disturbance) => {
        disturbance.messages = await scene.echo.repeat(count, whim);
      };
      return scene.disturb('echo', { kind: 'echoed messages', touches: all }, send);
    },
  },
  onOrchestrator('full disk', fillDisk),
  {
    name: 'clock jump',
    apply: (scene, whim) => {
      const slot = pick([...scene.slots.values()], whim);
      const ms = (whim() - 0.5) * 10 * HOUR_MS;
      // with a connection that is lost right after it: what waits for a time of the day waits for hours now
      return scene.disturb(slot.name, { kind: 'clock jump', touches: slot.role === 'worker' ? pid(slot) : nobody }, async () => {
        if (slot.child.connected) slot.child.send({ order: 'shift clock', ms }, () => undefined);
        await delay(100);
        if (whim() < 0.5) return;
        slot.link.cut();
        await delay(whim() * 300);
        slot.link.mend();
      });
    },
  },
];

/** The process may write no byte more into any file: the orchestrator ends with DISK, and is started again when there is room. */
async function fillDisk(scene, slot, whim) {
  const { child } = slot;
  const folder = join(scene.out, 'outcomes');
  if (hasEnded(child) || !existsSync(folder)) return;
  const largest = Math.max(0, ...readdirSync(folder).map((name) => statSync(join(folder, name)).size));
  const bytes = Math.max(1, Math.floor(largest * (0.5 + whim())));
  slot.expected = true;
  spawnSync('prlimit', [`--pid=${child.pid}`, `--fsize=${bytes}`]);
  const exit = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  const code = hasEnded(child) ? child.exitCode : await Promise.race([exit, delay(4 * scene.plan.ackWaitMs, 'none', { ref: false })]);
  if (code === 'none') {
    // nothing came to be written; the limit stays out of the way of what follows
    spawnSync('prlimit', [`--pid=${child.pid}`, '--fsize=unlimited']);
    slot.expected = false;
    if (!hasEnded(child)) return;
  }
  if (code === 0) return scene.finish();
  if (code !== 6) scene.problems.push({ kind: 'crash', text: `with a full disk the orchestrator ended with ${code}: ${slot.said}` });
  await delay(whim() * 500);
  scene.restart(slot);
}

/** Index -> how it is poisonous, for a schedule whose sweep has such replicas. */
const poisons = ['process', 'thread', 'throw'].map((way) => ({ name: `poison: ${way}`, poison: way }));

export const KINDS = [...deaths, ...servers, ...streams, ...links, ...others, ...poisons];

/** What a kind needs and this machine lacks; undefined when it can be done. */
export function lacking({ name }) {
  if (name !== 'full disk') return undefined;
  return spawnSync('prlimit', ['--version']).status === 0 ? undefined : 'no prlimit';
}
