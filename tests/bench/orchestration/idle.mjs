/** What many idle workers ask of the server: its CPU, and how long its answer to somebody else takes. */
import { setTimeout as delay } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { built } from './bench-sweep.mjs';
import { startPart, usageOf } from './processes.mjs';

const LANES = 20;
const SETTLE_MS = 5000;
const WAKES = 10;

export async function timeIdle({ nats, pid, workers }) {
  const { connectServer } = await built('schemas/nats-connection.js');
  const { ensureConsumer, ensureStreams } = await built('orchestrator/queue/streams.js');
  const wire = await built('schemas/wire.js');
  const { connection } = await connectServer(nats, 'orchestrator', {});
  const manager = await jetstreamManager(connection, { checkAPI: false });
  await ensureStreams(manager);
  for (let lane = 0; lane < LANES; lane += 1) {
    const shape = lane.toString(16).padStart(16, '0');
    const described = { sweep: String(lane % 5).repeat(64), shape, engine: 'any', numbers: '0.1' };
    await ensureConsumer(manager, wire.TASKS, wire.laneConsumer(described, wire.ACK_WAIT_MS));
  }
  const idle = await startPart('idle-process.mjs', { nats, workers });
  try {
    while (idle.finished() === 0) await delay(100);
    await delay(SETTLE_MS);
    const [before, started] = [usageOf(pid), performance.now()];
    // a wake in each second, as publishing and giving back make them
    for (let wake = 0; wake < WAKES; wake += 1) {
      connection.publish(wire.WORK);
      await delay(1000);
    }
    const [after, ms] = [usageOf(pid), performance.now() - started];
    const asked = performance.now();
    await manager.getAccountInfo();
    return {
      workers,
      lanes: LANES,
      serverCores: (after.cpuMs - before.cpuMs) / ms,
      answerMs: performance.now() - asked,
      serverPeakMb: after.peakMb,
    };
  } finally {
    idle.kill();
    await connection.close();
  }
}
