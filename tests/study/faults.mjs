/**
 * The fault study: hundreds of random schedules of faults (tests/faults/) on every nats-server that is named, each with one kind in its turn
 * and others at random, and how long after a worker's death its replica runs elsewhere. Resumes where it was stopped. Needs the built dist/:
 * npm run study:faults -- [options]
 *
 * Options: --schedules N (200), --seed S (1: the first seed; each is played on every server), --server PATH (of a nats-server, again for each; NATS_SERVER_OLD and
 * NATS_SERVER_NEW when absent), --lanes N (2: schedules at a time), --lease S (2), --only schedules|deaths|tables, --out DIR (runs/study-faults),
 * --json (prints faults.json). Writes faults.json and faults.md into DIR; exit code 4 when a promise was broken.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureDeaths } from '../faults/deaths.mjs';
import { KINDS } from '../faults/kinds.mjs';
import { drawPlan, playSchedule } from '../faults/schedule.mjs';
import { describeFaults, summariseDeaths, summariseKinds } from './faults-table.mjs';

const { values: options } = parseArgs({
  options: {
    schedules: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    server: { type: 'string', multiple: true },
    lanes: { type: 'string', default: '2' },
    lease: { type: 'string', default: '2' },
    only: { type: 'string' },
    out: { type: 'string', default: 'runs/study-faults' },
    json: { type: 'boolean', default: false },
  },
});
const BROKEN = 4;
const ackWaitMs = 1000 * Number(options.lease);
const servers = serversAsked();
const wanted = (part) => options.only === undefined || options.only === part;
mkdirSync(options.out, { recursive: true });
const [scheduleFile, deathFile] = ['schedules.jsonl', 'deaths.jsonl'].map((name) => join(options.out, name));
if (wanted('schedules')) await playAll();
if (wanted('deaths')) await measureAll();
process.exitCode = writeTables();

function serversAsked() {
  const paths = options.server ?? [process.env.NATS_SERVER_OLD, process.env.NATS_SERVER_NEW].filter((path) => path !== undefined);
  if (paths.length === 0) throw new Error('name a nats-server: --server PATH, or NATS_SERVER_OLD and NATS_SERVER_NEW');
  return paths.map((binary) => {
    const version = /v?(\d+\.\d+\.\d+)/.exec(spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1];
    if (version === undefined) throw new Error(`${binary} is no nats-server`);
    return { binary, version };
  });
}

function stored(path) {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

function keyOf({ seed, version }) {
  return `${seed} ${version}`;
}

async function playAll() {
  const known = new Set(stored(scheduleFile).map(keyOf));
  const jobs = Array.from({ length: Number(options.schedules) }, (_, place) => ({
    seed: Number(options.seed) + Math.floor(place / servers.length),
    ...servers[place % servers.length],
  })).filter((job) => !known.has(keyOf(job)));
  const planned = jobs.length;
  let done = 0;
  let broken = 0;
  const lane = async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const { seed, version, binary } = job;
      const plan = drawPlan(seed, { ackWaitMs });
      const played = await playSchedule(plan, binary);
      appendFileSync(scheduleFile, `${JSON.stringify({ seed, version, program: plan.program, ackWaitMs, ...played })}\n`);
      done += 1;
      broken += Number(played.problems.length > 0);
      say(
        `${done} of ${planned}, ${broken} broke a promise; seed ${seed} on ${version}, ${played.seconds.toFixed(0)} s${describeProblems(played)}`,
      );
    }
  };
  await Promise.all(Array.from({ length: Number(options.lanes) }, lane));
}

function describeProblems({ problems }) {
  return problems.map(({ kind, text }) => `\n  ${kind}: ${text}`).join('');
}

async function measureAll() {
  const known = new Set(stored(deathFile).map(({ version }) => version));
  for (const { version, binary } of servers.filter((server) => !known.has(server.version))) {
    const waitsMs = await measureDeaths(binary, { ackWaitMs, seed: Number(options.seed) });
    appendFileSync(deathFile, `${JSON.stringify({ version, ackWaitMs, waitsMs })}\n`);
    say(`deaths on ${version}: ${waitsMs.length}`);
  }
}

/** Exit code. */
function writeTables() {
  const schedules = stored(scheduleFile);
  const study = {
    machine: cpus()[0]?.model ?? 'unknown processor',
    cores: cpus().length,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    command: `npm run study:faults -- ${process.argv.slice(2).join(' ')}`.trim(),
    ...summariseKinds(
      schedules,
      KINDS.map(({ name }) => name),
    ),
    deaths: stored(deathFile).map(summariseDeaths),
  };
  writeFileSync(join(options.out, 'faults.json'), `${JSON.stringify(study, undefined, 2)}\n`);
  const page = describeFaults(study);
  writeFileSync(join(options.out, 'faults.md'), page);
  process.stdout.write(options.json ? `${JSON.stringify(study)}\n` : page);
  return schedules.some(({ problems }) => problems.length > 0) ? BROKEN : 0;
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
