/**
 * A schedule of faults: drawn from a seed, played on a scene, judged. The seed decides what happens and, by the progress of the sweep, about when;
 * the machine decides the rest, so a seed that fails once may need some repetitions to fail again.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { whims } from '../helpers/whims.mjs';
import { canonical, logLines, parquetOf, summaryOf } from './evidence.mjs';
import { KINDS, lacking } from './kinds.mjs';
import { nowMs } from './monotonic.mjs';
import { openScene, STARVED } from './scene.mjs';
import { excused, judge, readJournal, retrainings } from './verdict.mjs';

const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const ROLES = file('../fixtures/cluster-role.mjs');
const PROGRAM = file('../../dist/orchestrator/cli/main.js');

/** One schedule in so many runs the real program and engine. */
const REAL_EVERY = 8;
const FIXTURE = { program: 'fixture', engine: 'reference', replicas: 240, window: 64, places: 4, reconcileMs: 500 };
/** The command line reconciles every 5 s and gives an engine one replica at a time. */
const REAL = { program: 'real', engine: 'native', replicas: 48, window: 8192, places: 1, reconcileMs: 5000 };
/** A sweep that stores nothing for so long has lost something. */
const STILL_MS = 120_000;
/** A fault is due when so much of the sweep is stored, or after so long: a sweep that stands still must go on by itself. */
const PATIENCE_MS = 10_000;

const pick = (list, whim) => list[Math.floor(whim() * list.length)];

/**
 * What the seed says. `kinds` names those that must come, else the seed takes each in its turn; `real` asks for the real program.
 */
export function drawPlan(seed, { ackWaitMs, kinds, real = seed % REAL_EVERY === 0 }) {
  const whim = whims(seed);
  const possible = KINDS.filter((kind) => lacking(kind) === undefined && !(real && kind.poison));
  const wanted = kinds?.map((name) => KINDS.find((kind) => kind.name === name)) ?? [possible[seed % possible.length]];
  const more = Array.from({ length: kinds === undefined ? 1 + Math.floor(whim() * 4) : 0 }, () => pick(possible, whim));
  const chosen = [...wanted, ...more];
  const events = chosen.filter(({ apply }) => apply !== undefined);
  const poison = Object.fromEntries(
    [...new Set(chosen.filter((kind) => kind.poison).map((kind) => kind.poison))].map((way, place) => [7 + 40 * place, way]),
  );
  return {
    seed,
    ...(real ? REAL : FIXTURE),
    ackWaitMs,
    workers: 2 + Math.floor(whim() * 2),
    threads: 1 + Math.floor(whim() * 2),
    poison,
    // some come while the one before is still under way
    faults: events
      .map(({ name }) => ({ kind: name, share: 0.9 * whim(), alone: whim() < 0.7, delayMs: 300 * whim() }))
      .toSorted((a, b) => a.share - b.share),
  };
}

/** Plays and judges. Resolves with what the table needs; `problems` is empty when every promise was kept. */
export async function playSchedule(plan, binary) {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-faults-'));
  const started = nowMs();
  try {
    const spec = writeSpec(folder, plan);
    const scene = await openScene(plan, { binary, folder, spec });
    let ended;
    try {
      scene.begin();
      const faults = playFaults(scene, plan);
      ended = await Promise.race([scene.end.then(() => true), standstill(scene)]);
      void faults;
    } finally {
      await scene.close();
    }
    const problems = [...scene.problems, ...(ended ? [] : [{ kind: 'hung', text: describeHang(scene) }])];
    const seconds = (nowMs() - started) / 1000;
    return { ...(await examine(scene, plan, problems)), seconds, faults: countByKind(scene.disturbances, plan) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Resolves with false when nothing has moved for long. */
async function standstill(scene) {
  let last = { progress: -1, ms: nowMs() };
  while (!scene.closed() && nowMs() - last.ms < STILL_MS) {
    const progress = scene.progress();
    if (progress !== last.progress) last = { progress, ms: nowMs() };
    await delay(500, undefined, { ref: false });
  }
  return false;
}

async function playFaults(scene, { seed, faults, replicas }) {
  let ended = false;
  void scene.end.then(() => (ended = true));
  const running = [];
  for (const [place, { kind, share, alone, delayMs }] of faults.entries()) {
    const due = nowMs() + PATIENCE_MS;
    if (alone) await Promise.allSettled(running);
    while (!ended && scene.progress() < share * replicas && nowMs() < due) await delay(20);
    await delay(delayMs);
    if (ended) return;
    const { apply } = KINDS.find(({ name }) => name === kind);
    running.push(
      apply(scene, whims(seed * 31 + place)).catch((error) => scene.problems.push({ kind: 'crash', text: `${kind}: ${error.stack}` })),
    );
  }
}

async function examine(scene, plan, problems) {
  const { out, disturbances, stored } = scene;
  if (scene.progress() === 0) return { problems, history: disturbances, redone: 0, excused: 0, replicas: plan.replicas, starved: 0 };
  const lines = logLines(out);
  const journal = readJournal(scene.journal());
  const found = { plan, lines, journal, disturbances, stored };
  const without = excused(found);
  const [parquet, summary, reference] = await Promise.all([parquetOf(out), summaryOf(out), referenceOf(plan, without)]);
  const own = canonical(without.length === 0 ? summary : await summaryOf(out, without));
  const verdict = judge({ ...found, parquet, summary, canonical: own, reference });
  const history = problems.length + verdict.length === 0 ? undefined : disturbances;
  return {
    problems: [...problems, ...verdict],
    // for whoever looks into it
    history,
    redone: retrainings(found).length,
    excused: without.length,
    replicas: plan.replicas,
    starved: disturbances.filter(({ kind }) => kind === STARVED).length,
  };
}

function describeHang(scene) {
  const said = [...scene.slots.values()].map(({ name, said: text }) => `${name}: ${text.slice(-600)}`);
  return `nothing was stored for ${STILL_MS / 1000} s, ${scene.progress()} of ${scene.plan.replicas} stored. ${said.join(' | ')}`;
}

function countByKind(disturbances, { poison }) {
  const injected = disturbances.filter(({ kind }) => kind !== 'poison' && kind !== STARVED).map(({ kind }) => kind);
  const kinds = [...injected, ...Object.values(poison).map((way) => `poison: ${way}`)];
  return Object.fromEntries([...new Set(kinds)].map((kind) => [kind, kinds.filter((one) => one === kind).length]));
}

/** Two shapes of four draws. For the real engine a sweep of a few steps, whose numbers are what they are. */
export function writeSpec(folder, { program, replicas }) {
  const spec = {
    name: 'faults',
    seed: 1,
    problem: {
      model: 'hodgkin-huxley',
      infer: ['gNa', 'gK', 'gL'],
      data: [{ synthetic: { stimulus: { step: { amplitude: 10 } }, durationMs: 6, sampleMs: 0.1, noiseMv: 1, draws: 4 } }],
    },
    space: { 'network.width': { choice: [8, 12] }, 'network.features': 8, replicas: replicas / 8 },
    training: [
      { optimizer: 'adam', steps: program === 'real' ? 4000 : 10, physics: 0 },
      { optimizer: 'levenberg-marquardt', steps: 2, physics: 1 },
      { optimizer: 'adam', steps: 10, rate: 1e-12, physics: 1 },
    ],
    accept: { chi2: 'off', rmseMv: 'off', spikes: 'off' },
    tolerate: { failed: 1, diverged: 1 },
  };
  const path = join(folder, 'spec.yaml');
  writeFileSync(path, JSON.stringify(spec));
  return path;
}

const references = new Map();

/** Canonical summary of the same sweep on one machine without a server, which nobody disturbed. Trained once for each engine and set of poisons. */
async function referenceOf(plan, without) {
  const key = JSON.stringify([plan.program, plan.poison]);
  if (!references.has(key)) references.set(key, trainReference(plan));
  const out = await references.get(key);
  return canonical(await summaryOf(out, without));
}

async function trainReference(plan) {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-reference-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const out = join(folder, 'run');
  mkdirSync(out);
  const spec = writeSpec(folder, plan);
  const settings = JSON.stringify({ spec, out, journal: join(folder, 'journal'), places: plan.places, poison: plan.poison });
  const command = plan.program === 'fixture' ? [ROLES, 'local'] : [PROGRAM, 'run', spec, '--out', out, '--engine', plan.engine];
  for (;;) {
    const child = spawn(process.execPath, command, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, LOLIGO_FAULT_SETTINGS: settings },
    });
    let said = '';
    child.stderr.on('data', (text) => (said += text.toString()));
    const [code, signal] = await once(child, 'close');
    if (code === 0) return out;
    // a replica that kills the process ends it so, until it is given up
    if (signal !== 'SIGKILL') throw new Error(`the undisturbed run ended with ${code ?? signal}: ${said}`);
  }
}
