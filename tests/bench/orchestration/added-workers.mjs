/** Throughput per worker while workers are added to a running sweep: training is a pause, so that cores are no bound. */
import { setTimeout as delay } from 'node:timers/promises';
import { startPart } from './processes.mjs';

const MOST = 4;
const COHORT_MS = 50;
const SETTLE_MS = 2000;
const MEASURE_MS = 8000;

export async function timeWorkers({ nats, folder }) {
  const orchestrator = await startPart('orchestrator-process.mjs', { folder, replicas: 100_000, nats });
  const workers = [];
  const measured = [];
  try {
    while (workers.length < MOST) {
      workers.push(await startPart('worker-process.mjs', { nats, threads: 1, places: 1, cohortMs: COHORT_MS }));
      await delay(SETTLE_MS);
      const perSecond = await rateOf(workers);
      const one = measured[0]?.perSecond ?? perSecond;
      measured.push({ workers: workers.length, perSecond, perWorker: perSecond / workers.length / one });
    }
  } finally {
    for (const part of [orchestrator, ...workers]) part.kill();
  }
  return measured;
}

async function rateOf(workers) {
  const finished = () => workers.reduce((sum, worker) => sum + worker.finished(), 0);
  const [before, started] = [finished(), performance.now()];
  await delay(MEASURE_MS);
  return ((finished() - before) * 1000) / (performance.now() - started);
}
