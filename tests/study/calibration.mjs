/**
 * Do calibrated intervals hold what they promise? sweeps/calibration.yaml, and the same with networks alone (larger ones, no finish), each run twice: on 200
 * truths of seed 1, which make the factors, and on 200 others of seed 2, which test them. Needs the built dist/:
 * npm run study:calibration -- [--out DIR] [--engine native] [--workers N]
 *
 * Resumes: the same command goes on. Prints docs/calibration.md's table.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'runs/study-calibration') },
    engine: { type: 'string', default: 'native' },
    workers: { type: 'string', default: '2' },
  },
});

const sweep = parse(readFileSync(join(root, 'sweeps/calibration.yaml'), 'utf8'));
const { training: _finish, ...alone } = sweep;
const VARIANTS = [
  ['finish', sweep],
  ['alone', { ...alone, name: 'calibration-alone', space: { ...sweep.space, 'network.width': 24, 'network.features': 24 } }],
];

mkdirSync(options.out, { recursive: true });
const rows = VARIANTS.flatMap(([name, spec]) => {
  const made = join(options.out, `${name}-1`);
  const tried = join(options.out, `${name}-2`);
  run({ ...spec, seed: 1 }, made);
  run({ ...spec, seed: 2 }, tried, ['--calibration', made]);
  return rowsOf(name, summaryOf(made), summaryOf(tried));
});
process.stdout.write(
  [
    '| estimates | parameter | before, seed 1 | factor | cross-validated, seed 1 | before, seed 2 | **calibrated, seed 2** | bias (sigma) | by spread alone |',
    '| --- | --- | --- | ---: | --- | --- | --- | --- | ---: |',
    ...rows,
    '',
  ].join('\n'),
);

/** Exit code 3 is a finished run in which some replicas diverged. */
function run(spec, out, more = []) {
  const file = `${out}.json`;
  writeFileSync(file, JSON.stringify(spec));
  const command = [join(root, 'dist/orchestrator/cli/main.js'), 'run', file, '--out', out, '--engine', options.engine];
  const { status } = spawnSync(process.execPath, [...command, '--workers', options.workers, ...more], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0 && status !== 3) process.exit(status ?? 1);
}

function summaryOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8'));
}

/** Of the 80 % intervals: a line for each parameter. */
function rowsOf(variant, { calibration: made }, { calibration: tried, calibrated }) {
  return Object.entries(made.parameters).map(([name, { levels, bias, spreadAlone80 }]) => {
    const { factor, calibrated: crossValidated, ...before } = levels['80'];
    const fresh = tried.parameters[name].levels['80'];
    const cells = [
      variant,
      name,
      shown(before),
      factor.toFixed(2),
      shown(crossValidated),
      shown(fresh),
      `**${shown(calibrated.coverage[name]['80'])}**`,
      `${bias.z.toFixed(2)} (${bias.ci95.map((end) => end.toFixed(2)).join(' to ')})`,
      percent(spreadAlone80 ?? NaN),
    ];
    return `| ${cells.join(' | ')} |`;
  });
}

function shown({ coverage, ci95: [low, high] }) {
  return `${percent(coverage)} (${percent(low)} to ${percent(high)})`;
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}
