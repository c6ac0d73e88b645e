/** How all of it was computed: engine, versions, seeds, filter, statistics, and the resolved spec. */
import { STANDARD_ACCEPT } from '../../schemas/acceptance.ts';
import type {
  Accept,
  Lock,
  Method,
  ResolvedPassive,
  ResolvedProblem,
  Space,
  Summary,
  SweepSummary,
} from '../../schemas/generated/types.ts';
import { NO_ENGINE } from '../aggregate/trained-by.ts';
import { RESAMPLES } from '../statistics/bootstrap.ts';
import { factList } from './fact-list.ts';
import { describeFixed, type Units } from './fixed-values.ts';
import { methodSpaces } from '../spec/method-spaces.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatNumber, formatSeconds, plural } from './number-format.ts';

/** Data units of the spec that are printed. */
const MOST_UNITS = 24;
/** Of the line on data. */
const MOST_KINDS = 6;
const MOST_LABELS = 4;

export function renderMethods(lock: Lock, summary: Summary, units: Units): Markup {
  const { resolved, sweep, startedAt } = lock;
  const { speed } = summary;
  const facts: [string, string][] = [
    ['Sweep', `${resolved.name}, ${sweep.slice(0, 16)}`],
    ['Started', startedAt],
    ['Model', `${resolved.problem.model.name}, object ${resolved.problem.model.object.slice(0, 16)}`],
    ['Data', describeData(resolved.problem)],
    ['Held fixed', describeFixed(resolved, units) || 'nothing'],
    ...describeTied(resolved),
    ...passiveFacts(resolved.problem.passive),
    ['Engine', describeEngine(summary.sweep)],
    ['Seed', String(resolved.seed)],
    ['Sampler', typeof resolved.sampler === 'string' ? resolved.sampler : JSON.stringify(resolved.sampler)],
    ['Finish', resolved.finish === undefined ? 'none: estimates are the networks’ own' : 'shooting from each network’s estimate'],
    ['Acceptance filter', describeFilter(resolved.accept)],
    [
      'Versions',
      Object.entries(summary.sweep.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
    [
      'Training time',
      `${formatSeconds(summary.sweep.seconds)} over all replicas, ${formatNumber(speed.coreSecondsPerReplica, 3)} s each, ${formatNumber(speed.replicaStepsPerSecond, 3)} steps a second`,
    ],
  ];
  return html`<section id="methods" aria-labelledby="methods-heading">
    <h2 id="methods-heading">Methods</h2>
    ${factList(facts)}
    <p>
      A replica is one physics-informed neural network: a configuration, a data set and a seed. It is trained until its V meets the data and
      its V and gates obey the model’s equations; the parameters that make them do so are its estimate. Then the model is simulated forward
      with these parameters, without the network, and the filter above, fixed before the run and blind to any truth, decides whether the
      replica counts.
    </p>
    ${otherMethods(resolved.space).map((text) => html`<p>${text}</p>`)}
    <p>
      Statistics of positive parameters are computed on their logarithm and brought back to their unit. Quantiles are of type 7 (Hyndman and
      Fan 1996). Spread is 1.4826 times the median absolute deviation from the median (Rousseeuw and Croux 1993). The interval of a median
      is BCa (Efron 1987), from a bootstrap in three stages, over data sets (data unit and noise draw), then configurations, then seeds,
      ${RESAMPLES} samples from a fixed stream of random numbers (Davison and Hinkley 1997, section 3.8): it does not claim that replicas on
      the same data are independent, and from few data sets it is too narrow. Results enter in the order of the sweep’s expansion, so that
      the order in which replicas finished changes nothing.
    </p>
    <details>
      <summary>The resolved spec</summary>
      <pre tabindex="0">${printSpec(lock)}</pre>
    </details>
  </section> `;
}

function describeEngine({ engine, arithmetic, trainedBy = [] }: SweepSummary): string {
  const words = (one: Pick<SweepSummary, 'engine' | 'arithmetic'>): string =>
    `${one.engine === NO_ENGINE ? 'no engine' : one.engine}${one.arithmetic === undefined ? '' : ` (${one.arithmetic})`}`;
  if (trainedBy.length < 2) return words({ engine, ...(arithmetic === undefined ? {} : { arithmetic }) });
  return trainedBy.map((one) => `${words(one)}: ${plural(one.replicas, 'replica')}`).join('; ');
}

/** What several data units have in common is said once. */
function describeData({ data }: ResolvedProblem): string {
  const units = data.map(({ label, draws, samples, sampleMs, sigmaMv }) => ({
    label: draws > 1 ? `${label} (${plural(draws, 'noise draw')})` : label,
    grid: `${plural(samples, 'sample')} of ${formatNumber(sampleMs, 3)} ms, noise ${formatNumber(sigmaMv, 2)} mV`,
  }));
  const kinds = [...new Set(units.map(({ grid }) => grid))].slice(0, MOST_KINDS);
  return kinds
    .map((kind) => {
      const labels = units.filter(({ grid }) => grid === kind).map(({ label }) => label);
      const shown =
        labels.length <= MOST_LABELS ? labels.join(', ') : `${labels[0]} to ${labels.at(-1)}, ${plural(labels.length, 'data set')}`;
      return `${shown}: ${kind}`;
    })
    .join('; ');
}

function describeTied({ problem: { tied } }: Lock['resolved']): [string, string][] {
  return tied === undefined ? [] : [['Tied', tied.map(({ name, equation }) => `${name} = ${equation}`).join(', ')]];
}

function passiveFacts(passive: ResolvedPassive | undefined): [string, string][] {
  if (passive === undefined) return [];
  const { file, steps, quantities, uses, remarks } = passive;
  const measured = quantities.map(({ name, unit, value, low, high }) => {
    const interval = low === undefined ? '' : ` (95 % ${formatNumber(low, 3)} to ${high === undefined ? 'any' : formatNumber(high, 3)})`;
    return `${name} ${formatNumber(value, 3)} ${unit}${interval}`;
  });
  const used = Object.entries(uses).map(
    ([name, use]) => `${name}: ${use === 'off' ? 'not used' : `used as ${use === 'fixed' ? 'fixed value' : 'prior'}`}`,
  );
  return [['Passive pre-fit', [`${file}: ${measured.join(', ')}`, used.join(', '), steps, ...remarks].join('; ')]];
}

const OTHER_METHODS: Readonly<Record<Exclude<Method, 'pinn'>, string>> = {
  regression:
    'regression: V is smoothed, the gates are driven along it, and the current balance, in weak form, is solved for the parameters by generalised least squares (Messenger and Bortz 2021; Bortz, Messenger and Dukic 2023).',
  shooting: 'shooting: the forward solution is fitted by Levenberg-Marquardt from many first guesses; the best end is kept.',
  'differential-evolution':
    'differential-evolution: a population of forward solutions within the ranges of the model (JADE; Zhang and Sanderson 2009), the best member of which shooting may polish.',
};

/** A sentence for each method that is none of a network. */
function otherMethods(space: Space): string[] {
  const named = methodSpaces(space).flatMap(({ method }) => (method === 'pinn' ? [] : [OTHER_METHODS[method]]));
  if (named.length === 0) return [];
  return [
    `Replicas of other methods have no network; the same simulation and the same filter judge them, and what is called the network’s V is their own reconstruction. Statistics without an axis are over all methods together. ${named.join(' ')}`,
  ];
}

function describeFilter(accept: Accept): string {
  const { chi2, rmseMv, spikes, yardstick } = { ...STANDARD_ACCEPT, ...accept };
  const tests = [
    chi2 === 'off'
      ? ''
      : `\u03c7\u00b2 per sample of the forward simulation at most ${chi2 !== 'auto' ? formatNumber(chi2) : yardstick === 'noise' ? '1 + 3 \u221a(2/N)' : '9'}, counted in ${yardstick === 'noise' ? 'the noise' : 'the spread of the cell\u2019s own spike shapes'}`,
    rmseMv === 'off' ? '' : `its RMSE at most ${formatNumber(rmseMv)} mV`,
    spikes === 'off'
      ? 'a spike where the data have one, and half to twice as many'
      : spikes === 'equal'
        ? 'as many spikes as the data'
        : `at most ${plural(spikes, 'spike')} more or fewer than the data`,
    'parameters stationary over the last tenth of training',
  ];
  return tests.filter((test) => test !== '').join('; ');
}

/** The spec as JSON, what is short on one line, a long list of data units cut short. */
function printSpec({ resolved }: Lock): string {
  const { data } = resolved.problem;
  const shown = { ...resolved, problem: { ...resolved.problem, data: data.slice(0, MOST_UNITS) } };
  const rest = data.length > MOST_UNITS ? `\n\n${plural(data.length - MOST_UNITS, 'more data unit')} in sweep.lock.json` : '';
  // without what is undefined
  return laidOut(JSON.parse(JSON.stringify(shown))) + rest;
}

/** Letters of a line. */
const LINE = 96;

function laidOut(value: unknown, indent = ''): string {
  const line = inOneLine(value);
  if (typeof value !== 'object' || value === null || indent.length + line.length <= LINE) return line;
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((item) => `${inner}${laidOut(item, inner)}`)
    : Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${laidOut(item, inner)}`);
  const [open, close] = isList ? '[]' : '{}';
  return `${open}\n${parts.join(',\n')}\n${indent}${close}`;
}

function inOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inOneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}: ${inOneLine(item)}`)
    .join(', ')} }`;
}
