/** The recovery study in words and tables, as Markdown. */
import { NAMES } from './cases.mjs';
import { METHODS, wilson } from './statistics.mjs';

export function describeStudy({ date, machine, engine, cases, successes }) {
  return [
    `# Recovery of ${NAMES.join(', ')} from V alone`,
    '',
    `${date}, ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, engine ${engine}. V every 0.1 ms, three conductances and the initial`,
    'values of V, h and n unknown, first guesses within a factor of the truth as told. Errors in % of the truth. Bias: mean over noise draws +-',
    'its standard error. Over bound: RMS over the Cramer-Rao bound with all initial values free. Over likelihood: RMS over that of maximum likelihood',
    '(shooting that starts at the truth, all initial values free) on the same draws. Success: each conductance within 10 % of the truth or within 3',
    'Cramer-Rao standard errors of it, whichever is wider.',
    '',
    ...cases.filter(({ width }) => width === 10).flatMap(describeCase),
    '## Success against the width of the starts',
    '',
    ...(successes.length === 0 ? ['Not run.', ''] : successTable(successes)),
  ].join('\n');
}

function describeCase({ stimulus, windowMs, noiseMv, bound, methods }) {
  if (Object.keys(methods).length === 0) return [];
  const floor = bound === undefined ? '' : ` Cramer-Rao bound: ${NAMES.map((name) => percent(bound[name])).join(' / ')} %.`;
  return [
    `## ${stimulus} current, ${windowMs} ms, ${noiseMv} mV`,
    '',
    `${NAMES.join(' / ')}.${floor}`,
    '',
    '| method | draws | bias | RMS | over bound | over likelihood | success | median s |',
    '|---|---|---|---|---|---|---|---|',
    ...Object.entries(methods).map(([method, summary]) => methodRow(method, summary)),
    '',
  ];
}

function methodRow(method, { n, successes, secondsMedian, parameters }) {
  const each = (of) => NAMES.map((name) => of(parameters[name])).join(' / ');
  const cells = [
    METHODS[method],
    n,
    each(({ bias, biasStandardError }) => `${percent(bias)} +- ${percent(biasStandardError)}`),
    each(({ rms }) => percent(rms)),
    each(({ overBound }) => ratio(overBound)),
    each(({ overLikelihood }) => ratio(overLikelihood)),
    `${successes}/${n}`,
    secondsMedian === null ? '-' : secondsMedian.toPrecision(2),
  ];
  return `| ${cells.join(' | ')} |`;
}

function successTable(successes) {
  const cell = ({ n, successes: good }) => {
    if (n === 0) return '-';
    const [low, high] = wilson(good, n);
    return `${good}/${n} (${(100 * low).toFixed(0)} to ${(100 * high).toFixed(0)} %)`;
  };
  return [
    "In brackets Wilson's 95 % interval. A start of shooting is one run of Levenberg-Marquardt; the best is the one that fits best.",
    '',
    '| stimulus | starts within | PINN alone | with finish: shooting | shooting, one start | shooting, best of the starts |',
    '|---|---|---|---|---|---|',
    ...successes.map(
      ({ stimulus, width, network, finished, start, starts }) =>
        `| ${stimulus} | x/ ${width} | ${[network, finished, start, starts].map(cell).join(' | ')} |`,
    ),
    '',
  ];
}

function percent(share) {
  if (share === null || share === undefined || !Number.isFinite(share)) return '-';
  const value = 100 * share;
  return Math.abs(value) < 0.0005 ? '0' : String(Number(value.toPrecision(Math.abs(value) < 0.1 ? 1 : 2)));
}

function ratio(value) {
  return value === null || !Number.isFinite(value) ? '-' : value.toFixed(2);
}
