/**
 * A run directory as a finished sweep leaves it, without training: real spec, expansion and ids; results that are made up. A noise draw errs as a
 * whole, seeds around it; one in eight is rejected, one in fifty diverges. The first replicas keep their time courses, as in a real run.
 */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { built } from '../orchestration/bench-sweep.mjs';

const DRAWS = 25;
const WIDTHS = [16, 24];
const WEIGHTS = [1, 10];
const SEGMENT_BYTES = 64 * 1024 * 1024;
const LINES_PER_WRITE = 4096;

/** So many replicas: a multiple of 100. */
export async function writeRun(run, replicas, shuffle) {
  const { loadSweep } = await built('orchestrator/cli/load-sweep.js');
  const { openObjectStore } = await built('orchestrator/results/object-store.js');
  const { outcomeLine } = await built('orchestrator/results/outcome-line.js');
  const { packageVersion } = await built('schemas/package-root.js');
  const { resolved, expansion, objects } = await loadSweep(writeSpec(replicas));
  mkdirSync(join(run, 'outcomes'), { recursive: true });
  const store = openObjectStore(run);
  for (const text of objects.values()) store.put(text);
  const lock = {
    sweep: expansion.sweep,
    resolved,
    engine: 'native',
    versions: { loligo: packageVersion() },
    startedAt: '2026-01-01T00:00:00.000Z',
  };
  writeFileSync(join(run, 'sweep.lock.json'), JSON.stringify(lock));
  const resultOf = await resultMaker(resolved);
  let [inSegment, segment, lines] = [0, 1, []];
  const flush = () => {
    appendFileSync(join(run, 'outcomes', `${String(segment).padStart(6, '0')}.jsonl`), lines.join(''));
    lines = [];
    if (inSegment >= SEGMENT_BYTES) [inSegment, segment] = [0, segment + 1];
  };
  for (let i = 0; i < replicas; i++) {
    const line = outcomeLine(resultOf(expansion.task(shuffle ? elsewhere(i, replicas) : i)));
    lines.push(line);
    inSegment += line.length;
    if (lines.length === LINES_PER_WRITE) flush();
  }
  flush();
}

/** A permutation: 7 and 11 do not divide a hundred, nor a power of ten times one. */
function elsewhere(i, replicas) {
  return (i * 77_777_777) % replicas;
}

function writeSpec(replicas) {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-bench-spec-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const synthetic = {
    parameters: { gNa: 120, gK: 36, gL: 0.3 },
    stimulus: { step: { amplitude: 10 } },
    durationMs: 50,
    sampleMs: 0.1,
    noiseMv: 1,
    draws: DRAWS,
  };
  const space = {
    'network.width': { choice: WIDTHS },
    'loss.current': { choice: WEIGHTS },
    replicas: replicas / (DRAWS * WIDTHS.length * WEIGHTS.length),
  };
  const file = join(folder, 'bench.yaml');
  const problem = { model: 'hodgkin-huxley', infer: ['gNa', 'gK', 'gL'], data: [{ synthetic }] };
  writeFileSync(file, JSON.stringify({ name: 'bench-aggregation', problem, space }));
  return file;
}

/** A function from a task to its result. */
async function resultMaker({ traces }) {
  const { randomStream, streamName } = await built('schemas/random.js');
  const name = streamName('bench');
  return ({ sweep, index, replica, draw, configuration }) => {
    const own = randomStream(index, name);
    const shared = randomStream(1e9 + draw, name);
    const fate = own.uniform(0);
    const described = {
      sweep,
      index,
      replica,
      attempts: 1,
      worker: `host:${1000 + (index % 7)}/1`,
      engine: 'native',
      seconds: 1 + own.uniform(1),
      steps: 400,
    };
    if (fate < 0.02) return { ...described, outcome: { kind: 'diverged', stage: 1, step: 40, term: 'current' } };
    const good = fate > 0.145;
    const error = (i, draws, seeds) => Math.exp(draws * shared.normal(i) + (good ? seeds : 20 * seeds) * own.normal(10 + i));
    const parameters = { gNa: 120 * error(0, 0.02, 0.002), gK: 36 * error(1, 0.01, 0.001), gL: 0.3 * error(2, 0.08, 0.01) };
    const chi2 = good ? 1 + 0.05 * own.uniform(2) : 1.4 + own.uniform(2);
    const outcome = good ? { kind: 'converged' } : { kind: 'stopped', reason: own.uniform(3) < 0.7 ? 'chi2' : 'spikes' };
    const misfit = Math.sqrt(chi2) * (1 + 0.001 * configuration['network.width']);
    const features = (f) => ({
      amplitudeMv: 87.5 * f,
      halfWidthMs: 1.24 * f,
      thresholdMv: -52 * f,
      ahpMv: -76 * f,
      upstrokeMvPerMs: 235 * f,
      downstrokeMvPerMs: -65 * f,
    });
    return {
      ...described,
      outcome,
      estimate: {
        parameters,
        initial: { V: -65 + own.normal(20), m: 0.05 * error(3, 0.1, 0.1), h: 0.6 * error(4, 0.02, 0.02), n: 0.32 * error(5, 0.02, 0.02) },
        losses: { data: 0.01 * chi2, current: 4e-9 * own.uniform(4), gates: 0 },
        stationarity: 1e-3 * own.uniform(5),
        network: {
          rmseMv: misfit,
          rmseToTruth: {
            V: 0.15 * error(6, 0.1, 0.1),
            m: 0.0017 * error(7, 0.1, 0.1),
            h: 0.0034 * error(8, 0.1, 0.1),
            n: 0.0017 * error(9, 0.1, 0.1),
          },
        },
        predictive: {
          rmseMv: misfit,
          chi2,
          spikes: { observed: 4, simulated: good ? 4 : 3 },
          coincidence: good ? 1 : 0.75,
          toleranceMs: 1.4911744137200345,
          timing: { medianMs: 0.01 * own.uniform(6), worstMs: 0.1 },
          features: { observed: features(1), simulated: features(1 + 0.02 * own.normal(30)) },
        },
        ...(good ? { bound: boundOf(parameters) } : {}),
        ...(index < traces.replicas ? { traces: timeCourses(traces.points, own) } : {}),
      },
    };
  };
}

function boundOf({ gNa, gK, gL }) {
  const weakest = 'gNa +1.7 %, gK +0.68 % and gL +6.8 % together cannot be told from the noise';
  return { standardErrors: { gNa: 0.02 * gNa, gK: 0.01 * gK, gL: 0.08 * gL }, weakest };
}

function timeCourses(points, own) {
  const tMs = Array.from({ length: points }, (_, i) => (50 * i) / (points - 1));
  const wave = (centre, size) => tMs.map((t, i) => centre + size * Math.sin(t / 2) + 0.01 * size * own.normal(1000 + i));
  return { tMs, states: { V: wave(-50, 30), m: wave(0.5, 0.4), h: wave(0.5, 0.3), n: wave(0.5, 0.2) }, simulatedV: wave(-50, 30) };
}
