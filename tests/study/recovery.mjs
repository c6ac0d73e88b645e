/**
 * The recovery study: error of gNa, gK and gL against noise, for constant and fluctuating current, 50 and 100 ms, and success against the
 * width of the starts. Trains the replicas of ordinary sweeps in the program's own threads, the k-th draw with the k-th seed and so its own
 * network and first guesses, and tries on the same draws what a user would try instead. Resumes where it was stopped. Needs the built dist/:
 * npm run study:recovery -- [options]
 *
 * Options: --out DIR (runs/study-recovery), --engine NAME (auto), --workers N (all), --cases NAME,NAME*,... (all), --draws N (all of each case),
 * --starts N (16), --start-draws N (12: draws on which shooting from many starts is tried where success is counted; 4 elsewhere),
 * --only replicas|baselines|tables, --png (the picture as PNG too, by /usr/bin/chromium).
 * Writes recovery.json, recovery.md and recovery.svg into DIR.
 */
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { chosenCases, specOf, WIDTHS } from './cases.mjs';
import { drawRecovery, writePng } from './picture.mjs';
import { bestOf, isSuccess, summariseCase } from './statistics.mjs';
import { describeStudy } from './table.mjs';

const built = (path) => new URL(`../../dist/${path}`, import.meta.url);
const { loadSweep } = await import(built('orchestrator/cli/load-sweep.js').href);
const { openEngine } = await import(built('worker/engines/registry.js').href);
const { openPool } = await import(built('worker/pool/pool.js').href);

const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: 'runs/study-recovery' },
    engine: { type: 'string', default: 'auto' },
    workers: { type: 'string', default: String(availableParallelism()) },
    cases: { type: 'string' },
    draws: { type: 'string' },
    starts: { type: 'string', default: '16' },
    'start-draws': { type: 'string', default: '12' },
    only: { type: 'string' },
    png: { type: 'boolean', default: false },
  },
});
/** Draws on which many starts are tried where success is not counted. */
const FEW_START_DRAWS = 4;

const cases = chosenCases(options.cases).map((one) => ({ ...one, asked: Math.min(one.draws, Number(options.draws ?? one.draws)) }));
const wanted = (part) => options.only === undefined || options.only === part;
mkdirSync(options.out, { recursive: true });
for (const one of cases) writeFileSync(specFile(one), JSON.stringify(specOf(one), undefined, 2));
const engine = await engineName();
if (wanted('replicas')) await trainReplicas();
if (wanted('baselines')) await runBaselines();
await writeTables();

function specFile({ name }) {
  return join(options.out, `${name}.json`);
}

/** `auto` is another engine on another machine: results are kept by the name of the one that made them. */
async function engineName() {
  const { engine: opened, why } = await openEngine(options.engine);
  await opened.close();
  say(`engine: ${why}`);
  return opened.name;
}

/** The k-th draw with the k-th seed: seeds cross all draws in a sweep, and the study wants a new one for each. */
async function replicasOf(one) {
  const { expansion, objects } = await loadSweep(specFile(one));
  const tasks = Array.from({ length: one.asked }, (_, k) => expansion.task(k * one.draws + k));
  if (tasks.some(({ draw }, k) => draw !== k)) throw new Error('the expansion counts otherwise');
  return tasks.map((task) => ({ task, objects: Object.fromEntries(objects) }));
}

async function trainReplicas() {
  const known = new Set(storedLines(resultFile()).map(({ replica }) => replica));
  const jobs = (await Promise.all(cases.map(replicasOf))).flat().filter(({ task }) => !known.has(task.replica));
  if (jobs.length === 0) return;
  const threads = Math.min(Number(options.workers), jobs.length);
  const pool = openPool({ threads, engine });
  const started = performance.now();
  const planned = jobs.length;
  let done = 0;
  const trainOne = async ({ task, objects }) => {
    const end = await pool.run({ tasks: [task], objects, attempts: [1] });
    if (end.kind !== 'trained') throw new Error(`replica ${task.replica} ${JSON.stringify(end)}`);
    appendFileSync(resultFile(), `${JSON.stringify(end.results[0])}\n`);
    done += 1;
    const seconds = (performance.now() - started) / 1000;
    say(`${done} of ${planned} replicas, ${((seconds / done) * (planned - done)).toFixed(0)} s left`);
  };
  try {
    await Promise.all(Array.from({ length: threads }, () => workThrough(jobs, trainOne)));
  } finally {
    await pool.close();
  }
}

/** Takes one job after the other from a list that others take from too. */
async function workThrough(jobs, work) {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await work(job);
}

function resultFile() {
  return join(options.out, `replicas-${engine}.jsonl`);
}

/** Results by draw. */
async function outcomesOf(one) {
  const byReplica = new Map(storedLines(resultFile()).map((result) => [result.replica, result]));
  const replicas = await replicasOf(one);
  return new Map(replicas.flatMap(({ task }) => (byReplica.has(task.replica) ? [[task.draw, byReplica.get(task.replica)]] : [])));
}

/** Every draw of every case once, in as many threads as asked; a line is appended for each as it ends. */
async function runBaselines() {
  const known = new Set(storedLines(baselineFile()).map(({ key }) => key));
  const jobs = [];
  for (const one of cases.filter(({ width }) => width === 10)) {
    const { resolved } = await loadSweep(specFile(one));
    const [unit] = resolved.problem.data;
    for (let draw = 0; draw < one.asked; draw++) {
      const job = { case: one.name, draw, unit, widths: widthsOf(one, draw), starts: Number(options.starts) };
      if (!known.has(keyOf(job))) jobs.push(job);
    }
  }
  if (jobs.length > 0) say(`baselines: ${jobs.length} draws`);
  await Promise.all(Array.from({ length: Math.min(Number(options.workers), jobs.length) }, () => workBaselines(jobs)));
}

function widthsOf({ countsSuccess }, draw) {
  if (countsSuccess) return draw < Number(options['start-draws']) ? WIDTHS : [];
  return draw < Math.min(FEW_START_DRAWS, Number(options['start-draws'])) ? [10] : [];
}

/** What a stored answer is the answer to. */
function keyOf({ case: name, draw, unit, widths, starts }) {
  return [name, draw, unit.id, widths.join('+'), widths.length > 0 ? starts : 0].join(' ');
}

async function workBaselines(jobs) {
  const thread = new Worker(new URL('baseline-worker.mjs', import.meta.url));
  try {
    await workThrough(jobs, async (job) => {
      thread.postMessage(job);
      // rejects when the thread dies
      const [answer] = await once(thread, 'message');
      appendFileSync(baselineFile(), `${JSON.stringify({ key: keyOf(job), case: job.case, draw: job.draw, answer })}\n`);
    });
  } finally {
    await thread.terminate();
  }
}

function baselineFile() {
  return join(options.out, 'baselines.jsonl');
}

/** A line that a kill has torn is computed again. */
function storedLines(file) {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line)];
    } catch {
      return [];
    }
  });
}

async function writeTables() {
  // a draw that was answered again without starts keeps them
  const answers = storedLines(baselineFile()).toSorted((a, b) => widthCount(a) - widthCount(b));
  const baselines = new Map(answers.map((line) => [`${line.case} ${line.draw}`, line.answer]));
  const rows = [];
  const successes = [];
  for (const one of cases) {
    // narrower starts change nothing of the data: their baselines are those of the wide case
    const data = one.name.replace(/-starts-\d+$/, '');
    const outcomes = await outcomesOf(one);
    const draws = Array.from({ length: one.asked }, (_, draw) => drawOf(outcomes.get(draw), baselines.get(`${data} ${draw}`), one.width));
    rows.push(summariseCase(one, draws));
    if (one.countsSuccess) successes.push(successOf(one, draws));
  }
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), node: process.version };
  const study = { date: new Date().toISOString().slice(0, 10), machine, engine, options, cases: rows, successes };
  writeFileSync(join(options.out, 'recovery.json'), `${JSON.stringify(study, undefined, 2)}\n`);
  writeFileSync(join(options.out, 'recovery.md'), describeStudy(study));
  const svg = drawRecovery(study);
  writeFileSync(join(options.out, 'recovery.svg'), svg);
  if (options.png) await writePng(svg, join(options.out, 'recovery.png'));
  process.stdout.write(describeStudy(study));
}

function widthCount({ answer }) {
  return Object.keys(answer.starts).length;
}

/** One draw by every method. */
function drawOf(result, baseline, width) {
  const { outcome, estimate, seconds } = result ?? {};
  const accepted = outcome?.kind === 'converged';
  const starts = baseline?.starts[width];
  return {
    bound: baseline?.bound,
    ...(result === undefined
      ? {}
      : {
          network: { parameters: estimate?.network.parameters, seconds },
          finished: { parameters: estimate?.parameters, accepted, seconds },
        }),
    ...(baseline === undefined ? {} : { likelihood: baseline.likelihood, regression: baseline.regression }),
    ...(starts === undefined ? {} : { starts: bestOf(starts), singleStarts: starts }),
  };
}

/** How many single runs of each method end near the truth; for shooting a run is one start. */
function successOf({ name, stimulus, width }, draws) {
  const share = (answers) => ({ n: answers.length, successes: answers.filter(({ answer, bound }) => isSuccess(answer, bound)).length });
  const of = (method) => draws.filter((draw) => draw[method] !== undefined).map((draw) => ({ answer: draw[method], bound: draw.bound }));
  const single = draws.flatMap(({ singleStarts = [], bound }) => singleStarts.map((answer) => ({ answer, bound })));
  return {
    name,
    stimulus,
    width,
    network: share(of('network')),
    finished: share(of('finished')),
    start: share(single),
    starts: share(of('starts')),
  };
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
