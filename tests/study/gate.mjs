/**
 * How often the nightly gate cries wolf, and how often it finds what it should: simulated runs of the nightly sweep (three parameters, the misfits
 * of four states and of the forward simulation, success rate, speed), through the same functions as `loligo compare`. Needs the built dist/:
 * npm run study:gate -- [--nights N] (2000 of each case) [--json FILE]
 *
 * Parameters scatter by 2 % over replicas. Paired runs correlate replica by replica, as the same replicas under slightly other arithmetic
 * do; seeds on one draw share most of their error, as trained ones do. Prints docs/nightly.md's table.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CASES, nightOf } from './gate-nights.mjs';
const { compare } = await import(new URL('../../dist/orchestrator/gate/compare.js', import.meta.url).href);

const { values: options } = parseArgs({ options: { nights: { type: 'string', default: '2000' }, json: { type: 'string' } } });
const nights = Number(options.nights);

const rows = CASES.map((one, c) => ({ ...one, ...measure(one, c) }));
process.stdout.write(
  [
    `| case | replicas | looked at | regressed | improved | same | undecided | any alarm |`,
    '| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map(
      ({ name, draws, seeds = 1, watched, shares, alarm }) =>
        `| ${name} | ${draws * seeds} | ${watched} | ${['regressed', 'improved', 'same', 'undecided'].map((verdict) => percent(shares[verdict])).join(' | ')} | ${percent(alarm)} |`,
    ),
    '',
    `${nights} nights of each case; a share of 5 % is known to ${(100 * Math.sqrt((0.05 * 0.95) / nights)).toFixed(1)} points (one standard error).`,
    '',
  ].join('\n'),
);
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ nights, rows }, undefined, 2)}\n`);

/** Shares of nights by the verdict on what is watched, and of those on which anything regressed. */
function measure(one, c) {
  const counts = { regressed: 0, improved: 0, same: 0, undecided: 0 };
  let alarms = 0;
  for (let night = 0; night < nights; night++) {
    const { baseline, current } = nightOf(one, `gate ${c} ${night}`);
    const comparison = compare(baseline, current);
    counts[watchedVerdict(comparison, one.watched)] += 1;
    alarms += Number(comparison.verdict === 'regressed');
  }
  const shares = Object.fromEntries(Object.entries(counts).map(([verdict, count]) => [verdict, count / nights]));
  return { shares, alarm: alarms / nights };
}

function watchedVerdict({ parameters, successRate }, watched) {
  if (watched === 'success rate') return successRate.verdict;
  return watched === 'spread' ? parameters.gNa.spread.verdict : parameters.gNa.verdict;
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}
