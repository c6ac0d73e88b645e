/** The fault study's figures and its page, from the lines that the study stored. Pure. */
import { median } from './statistics.mjs';

/** `names`: the kinds of faults, in the table's order. A schedule counts in the row of each kind that it holds. */
export function summariseKinds(schedules, names) {
  const versions = [...new Set(schedules.map(({ version }) => version))];
  return {
    schedules: schedules.length,
    sound: schedules.filter(({ problems }) => problems.length === 0).length,
    replicas: sum(schedules, ({ replicas }) => replicas),
    byServer: Object.fromEntries(versions.map((version) => [version, rowOf(schedules.filter((one) => one.version === version))])),
    byProgram: Object.fromEntries(
      ['fixture', 'real'].map((program) => [program, rowOf(schedules.filter((one) => one.program === program))]),
    ),
    byKind: Object.fromEntries(
      names.map((name) => [
        name,
        rowOf(
          schedules.filter(({ faults }) => faults[name] > 0),
          name,
        ),
      ]),
    ),
    all: rowOf(schedules),
    broken: schedules.filter(({ problems }) => problems.length > 0).map(({ seed, version, problems }) => ({ seed, version, problems })),
  };
}

function rowOf(schedules, name) {
  const problems = (kind) =>
    sum(schedules, ({ problems: all }) =>
      sum(
        all.filter((one) => one.kind === kind),
        ({ count = 1 }) => count,
      ),
    );
  return {
    schedules: schedules.length,
    faults: sum(schedules, ({ faults }) => (name === undefined ? sum(Object.values(faults), (count) => count) : faults[name])),
    replicas: sum(schedules, ({ replicas }) => replicas),
    lost: problems('lost'),
    double: problems('double'),
    trainedAgain: sum(schedules, ({ redone }) => redone),
    redone: problems('redone'),
    summaryDiffers: problems('summary'),
    givenUpWrongly: problems('given up') + problems('attempts'),
    other: problems('crash') + problems('hung'),
    secondsMedian: median(schedules.map(({ seconds }) => seconds)),
  };
}

function sum(list, of) {
  return list.reduce((total, one) => total + of(one), 0);
}

export function summariseDeaths({ version, ackWaitMs, waitsMs }) {
  return { version, ackWaitMs, n: waitsMs.length, medianMs: median(waitsMs), mostMs: Math.max(...waitsMs) };
}

const HEAD = [
  '| fault | schedules | faults | replicas | lost | double | trained again | of these unexplained | summary differs | given up wrongly | crashed or hung | median s |',
  '|---|---|---|---|---|---|---|---|---|---|---|---|',
];

export function describeFaults({
  machine,
  cores,
  node,
  date,
  command,
  schedules,
  sound,
  replicas,
  byKind,
  byServer,
  byProgram,
  all,
  broken,
  deaths,
}) {
  return [
    '# Fault study',
    '',
    `${date}, ${machine}, ${cores} cores, Node ${node}, \`${command}\`.`,
    '',
    `${sound} of ${schedules} random schedules kept every promise (${replicas} replicas, ${all.faults} faults). A schedule holds several kinds and counts in the row of each.`,
    '',
    ...HEAD,
    ...Object.entries(byKind).map(([name, row]) => describeRow(name, row)),
    ...Object.entries(byServer).map(([version, row]) => describeRow(`all, nats-server ${version}`, row)),
    describeRow('all, the real program and engine', byProgram.real),
    describeRow('all', all),
    '',
    'From the death of a worker to its replica running elsewhere, on an idle worker:',
    '',
    '| nats-server | deaths | ack wait | median | most |',
    '|---|---|---|---|---|',
    ...deaths.map(
      ({ version, n, ackWaitMs, medianMs, mostMs }) =>
        `| ${version} | ${n} | ${seconds(ackWaitMs)} | ${seconds(medianMs)} | ${seconds(mostMs)} |`,
    ),
    '',
    ...broken.flatMap(({ seed, version, problems }) => [`Seed ${seed} on ${version}: ${problems.map(({ kind }) => kind).join(', ')}.`]),
    '',
  ].join('\n');
}

function describeRow(name, row) {
  const { schedules, faults, replicas, lost, double, trainedAgain, redone, summaryDiffers, givenUpWrongly, other, secondsMedian } = row;
  const typical = secondsMedian === null ? '-' : secondsMedian.toFixed(1);
  return `| ${[name, schedules, faults, replicas, lost, double, trainedAgain, redone, summaryDiffers, givenUpWrongly, other, typical].join(' | ')} |`;
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(2)} s`;
}
