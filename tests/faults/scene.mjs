/**
 * One sweep on a nats-server with real processes, each behind a link of its own: what a schedule of faults is played on. Processes that end
 * by themselves are started again, as a cluster would, and noted when they should not have ended. It injects nothing itself (kinds.mjs), and judges
 * nothing (verdict.mjs).
 *
 * Times are ms of the machine's monotonic clock, which the processes' journal uses too.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startNats } from '../helpers/nats-process.mjs';
import { openEcho } from './echo.mjs';
import { openLink } from './link.mjs';
import { nowMs } from './monotonic.mjs';

const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const HOOKS = file('../fixtures/fault-hooks.mjs');
const ROLES = file('../fixtures/cluster-role.mjs');
const PROGRAM = file('../../dist/orchestrator/cli/main.js');
/** Exit codes of schemas/errors.ts: done, and server or disk out of reach, after which the same command is given again. */
const [DONE, INFRASTRUCTURE] = [0, 6];
const RESTART_MS = 200;
/** A process that ends by itself so often does not come to anything. */
const MOST_ENDS = 40;
const SAID_BYTES = 4000;
/** Kind of a disturbance that nobody injected: a machine with too much to do. */
export const STARVED = 'starved';
/** Of a lease. Renewals come at its thirds. */
const STARVED_SHARE = 1 / 6;
/** A process that is asked to end has its grace period, and a server that is away for a while. */
const DRAIN_MS = 20_000;

/** `plan` is drawn by schedule.mjs; `spec` is a file. Close it whatever happens. */
export async function openScene(plan, { binary, folder, spec }) {
  const server = await startNats(binary, folder);
  const [out, journal] = [join(folder, 'run'), join(folder, 'journal')];
  writeFileSync(journal, '');
  const slots = new Map();
  const locks = new Map();
  const disturbances = [];
  const problems = [];
  const stored = new Map();
  let closed = false;
  let finished = () => undefined;
  const end = new Promise((resolve) => (finished = resolve));

  /** Who was kept from running for a part of a lease may lose it, and no fault was injected. */
  const starved = (touches, { from, to }) => {
    if (to - from > plan.ackWaitMs * STARVED_SHARE) disturbances.push({ kind: STARVED, touches, from, to });
  };

  const start = (slot) => {
    const child = spawn(process.execPath, ['--import', HOOKS, ...commandOf(plan, { spec, out, ...slot })], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, ...settingsOf(plan, { spec, out, journal, ...slot }) },
    });
    slot.child = child;
    slot.expected = false;
    slot.said = '';
    child.stderr.on('data', (text) => (slot.said = (slot.said + text.toString()).slice(-SAID_BYTES)));
    child.on('message', ({ stored: index, late }) => {
      if (index !== undefined && !stored.has(index)) stored.set(index, nowMs());
      if (late !== undefined && slot.role === 'worker') starved([child.pid], late);
    });
    child.once('exit', (code, signal) => void ended(slot, child, code, signal));
    return child;
  };

  const ended = async (slot, child, code, signal) => {
    if (closed || slot.expected) return;
    slot.ends += 1;
    if (slot.role === 'orchestrator' && code === DONE) return finished();
    const poisoned = slot.role === 'worker' && signal === 'SIGKILL' && Object.values(plan.poison).includes('process');
    if (poisoned) disturbances.push({ kind: 'poison', touches: [child.pid], from: nowMs(), to: nowMs() });
    else if (code !== INFRASTRUCTURE)
      problems.push({ kind: 'crash', text: `${slot.name} ended by itself with ${code ?? signal}: ${slot.said}` });
    if (slot.ends > MOST_ENDS) return finished();
    await delay(RESTART_MS);
    if (!closed && slot.child === child) start(slot);
  };

  for (const name of ['orchestrator', ...Array.from({ length: plan.workers }, (_, place) => `worker ${place}`)]) {
    const link = await openLink(server.url);
    slots.set(name, { name, role: name.split(' ')[0], link, ends: 0, said: '', url: link.url });
  }
  const echo = await openEcho(server.url, (answer) => starved('all', answer));

  const scene = {
    plan,
    server,
    out,
    echo,
    disturbances,
    problems,
    stored,
    end,
    finish: finished,
    closed: () => closed,
    slots,
    workers: () => [...slots.values()].filter(({ role }) => role === 'worker'),
    begin: () => {
      for (const slot of slots.values()) start(slot);
    },
    /** A process of a slot that a fault ended is started again by the fault. */
    restart: (slot) => (closed ? undefined : start(slot)),
    /** Sends a signal to the process of a slot; `fatal` ones are no end by itself, and are waited for. */
    signal: async (slot, signal) => {
      const { child } = slot;
      const fatal = signal === 'SIGKILL' || signal === 'SIGTERM';
      if (hasEnded(child)) return;
      if (fatal) slot.expected = true;
      const exit = new Promise((resolve) => child.once('exit', () => resolve('ended')));
      child.kill(signal);
      if (!fatal || (await Promise.race([exit, delay(DRAIN_MS, 'runs', { ref: false })])) === 'ended') return;
      problems.push({ kind: 'hung', text: `${slot.name} had not ended ${DRAIN_MS} ms after ${signal}: ${slot.said}` });
      child.kill('SIGKILL');
      await exit;
    },
    /** Runs `body` when nobody else has hold of this part of the scene, and notes whose leases it may have cost. */
    disturb: async (part, { kind, touches, messages = 0 }, body) => {
      const turn = (locks.get(part) ?? Promise.resolve()).then(async () => {
        const disturbance = { kind, touches: touches(), messages, from: nowMs(), to: Infinity };
        disturbances.push(disturbance);
        try {
          await body(disturbance);
        } finally {
          disturbance.to = nowMs();
        }
      });
      locks.set(
        part,
        turn.catch(() => undefined),
      );
      await turn;
    },
    /** Replicas whose outcome is in the log. */
    progress: () => (plan.program === 'fixture' ? stored.size : linesOfLog(out)),
    journal: () => readFileSync(journal, 'utf8'),
    close: async () => {
      closed = true;
      await Promise.all(locks.values());
      for (const { child, link } of slots.values()) {
        child?.kill('SIGKILL');
        link.close();
      }
      const alive = [...slots.values()].flatMap(({ child }) => (child === undefined || hasEnded(child) ? [] : [child]));
      await Promise.all(alive.map((child) => new Promise((resolve) => child.once('exit', resolve))));
      await echo.close().catch(() => undefined);
      await server.kill();
    },
  };
  return scene;
}

export const hasEnded = (child) => child.exitCode !== null || child.signalCode !== null;

function commandOf({ program, engine, ackWaitMs, threads }, { role, spec, out, url }) {
  if (program === 'fixture') return [ROLES, role];
  if (role === 'worker') return [PROGRAM, 'worker', '--nats', url, '--engine', engine, '--workers', String(threads), '--grace', '1'];
  return [PROGRAM, 'run', spec, '--out', out, '--nats', url, '--engine', engine, '--lease', String(ackWaitMs / 1000)];
}

function settingsOf(plan, { spec, out, journal, url }) {
  if (plan.program !== 'fixture') return {};
  const { ackWaitMs, reconcileMs, window, threads, places, poison, lingers } = plan;
  return {
    LOLIGO_FAULT_SETTINGS: JSON.stringify({ spec, out, journal, url, ackWaitMs, reconcileMs, window, threads, places, poison, lingers }),
  };
}

/** Whole lines in the outcome log, duplicates included. */
export function linesOfLog(run) {
  const folder = join(run, 'outcomes');
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).reduce((sum, name) => sum + readFileSync(join(folder, name), 'utf8').split('\n').length - 1, 0);
}
