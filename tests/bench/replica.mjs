/**
 * Time to the information floor for one replica on one core, by engine: CPU seconds of each stage of the standard schedule, and when the
 * parameters came to stay within a tenth of a standard error of where they ended (replica-runner.mjs). Engines take turns, replica by
 * replica. Needs the built dist/: npm run bench:replica
 *
 * Options: --json, --engines native,wasm (tfjs and reference take minutes a replica), --replicas N (3), --core N (the last).
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchCore, circumstances, engineOf, notes, presentEngines } from './bench-options.mjs';
import { digits, median, tableOf } from './rates.mjs';
import { closeAll, startAll } from './runners.mjs';

const RUNNER = fileURLToPath(new URL('replica-runner.mjs', import.meta.url));
const REPLICA_MS = 1_200_000;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    engines: { type: 'string', default: 'native,wasm' },
    replicas: { type: 'string', default: '3' },
    core: { type: 'string' },
  },
});

const replicas = Number(values.replicas);
const cores = benchCore(values.core);
const { absent, note, onAbsent } = notes();

const runners = await startAll((await presentEngines(values.engines, onAbsent)).map(description), onAbsent);
let trained;
try {
  trained = await trainAll(runners);
} finally {
  await closeAll(runners);
}
const results = {
  ...circumstances(cores),
  replicas,
  engines: Object.fromEntries([...trained].map(([name, all]) => [name, figureOf(all)])),
  absent,
};
process.stdout.write(values.json ? `${JSON.stringify(results, undefined, 2)}\n` : table(results));

function description(name) {
  const { engine, env } = engineOf(name);
  return { name, command: process.execPath, args: [RUNNER, engine, values.replicas], env, cores };
}

async function trainAll(present) {
  const all = new Map(present.map(({ name }) => [name, []]));
  for (let replica = 0; replica < replicas; replica++) {
    for (const runner of present.filter(({ name }) => all.has(name))) {
      try {
        const result = JSON.parse(await runner.ask(String(replica), REPLICA_MS));
        all.get(runner.name).push(result);
        note(`${runner.name} ${replica}: ${result.outcome}, ${result.seconds.toFixed(2)} s`);
      } catch (error) {
        onAbsent(runner.name, error.message);
        all.delete(runner.name);
      }
    }
  }
  return all;
}

function figureOf(all) {
  const estimated = all.filter(({ errors }) => errors !== undefined);
  const over = (list, value) => (list.length === 0 ? null : median(list.map(value)));
  const stages = all[0].stages.map(({ optimizer }, s) => {
    const reached = all.filter((replica) => replica.stages.length > s);
    return {
      optimizer,
      seconds: over(reached, (replica) => replica.stages[s].seconds),
      steps: over(reached, (replica) => replica.stages[s].steps),
    };
  });
  const names = Object.keys(estimated[0]?.errors ?? {});
  return {
    seconds: over(all, ({ seconds }) => seconds),
    secondsToFloor: over(estimated, ({ secondsToFloor }) => secondsToFloor),
    stages,
    losses: { data: over(estimated, ({ losses }) => losses.data), current: over(estimated, ({ losses }) => losses.current) },
    largestErrorOverBound: over(estimated, ({ errors }) => Math.max(...names.map((name) => Math.abs(errors[name].standardErrors)))),
    errors: Object.fromEntries(names.map((name) => [name, over(estimated, ({ errors }) => Math.abs(errors[name].relative))])),
    replicas: all,
  };
}

function table({ machine, pinnedTo, node, date, command, engines, absent: missing }) {
  const entries = Object.entries(engines);
  const names = Object.keys(entries[0]?.[1].errors ?? {});
  const count = Math.max(0, ...entries.map(([, { stages }]) => stages.length));
  const header = [
    'CPU s, median',
    'whole',
    'to the floor',
    ...Array.from({ length: count }, (_, s) => `stage ${s + 1}`),
    'data loss',
    'current loss',
    ...names.map((name) => `|${name} error|`),
    'largest, in s.e.',
  ];
  const rows = entries.map(([name, figure]) => [
    name,
    digits(figure.seconds),
    digits(figure.secondsToFloor),
    ...Array.from({ length: count }, (_, s) => digits(figure.stages[s]?.seconds)),
    figure.losses.data?.toPrecision(4) ?? '-',
    figure.losses.current?.toPrecision(2) ?? '-',
    ...names.map((parameter) => `${digits(100 * figure.errors[parameter])} %`),
    digits(figure.largestErrorOverBound),
  ]);
  const reasons = missing.map(({ name, reason }) => `without ${name}: ${reason}\n`);
  const where = pinnedTo === null ? 'not pinned: no taskset' : `core ${pinnedTo}`;
  return `${machine}, ${where}, Node ${node}, ${date}: ${command}\n\n${tableOf(header, rows)}\n\n${reasons.join('')}`;
}
