/**
 * What the recovery study is made of: cases of data (noise, stimulus, window) with their noise draws, and the specs that the program
 * itself runs on them. Network and training are those of sweeps/recovery.yaml, one seed a draw, and `finish: shooting` at the end.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export const TRUTH = { gNa: 120, gK: 36, gL: 0.3 };
export const NAMES = Object.keys(TRUTH);
/** First guesses are log-uniform from truth / width to truth x width. */
export const WIDTHS = [2, 3, 10];

const NOISE_MV = [0, 0.5, 1, 2, 3];
const STIMULI = {
  constant: { step: { amplitude: 10 } },
  fluctuating: { ornsteinUhlenbeck: { mean: 10, sd: 5, tauMs: 3, seed: 1 } },
};
const WINDOWS_MS = [50, 100];
/** Draws of the cases in which success is counted, and of the others. */
const MANY_DRAWS = 24;
const DRAWS = 12;

/** Every case starts within x/ 10; those of 1 mV and 50 ms from narrower starts too. */
export function allCases() {
  const wide = Object.keys(STIMULI).flatMap((stimulus) =>
    WINDOWS_MS.flatMap((windowMs) => NOISE_MV.map((noiseMv) => caseOf(stimulus, windowMs, noiseMv, 10))),
  );
  const narrow = Object.keys(STIMULI).flatMap((stimulus) =>
    WIDTHS.filter((width) => width !== 10).map((width) => caseOf(stimulus, 50, 1, width)),
  );
  return [...wide, ...narrow];
}

function caseOf(stimulus, windowMs, noiseMv, width) {
  const many = noiseMv === 1 && windowMs === 50;
  const name = `${stimulus}-${windowMs}ms-${noiseMv}mV${width === 10 ? '' : `-starts-${width}`}`;
  return { name, stimulus, windowMs, noiseMv, width, draws: many ? MANY_DRAWS : DRAWS, countsSuccess: many };
}

/** The names that a pattern list chooses: whole names, or parts of them. */
export function chosenCases(patterns) {
  const cases = allCases();
  if (patterns === undefined) return cases;
  const parts = patterns.split(',');
  const chosen = cases.filter(({ name }) =>
    parts.some((part) => name === part || (part.endsWith('*') && name.startsWith(part.slice(0, -1)))),
  );
  if (chosen.length === 0) throw new Error(`no case of that name; there are ${cases.map(({ name }) => name).join(', ')}`);
  return chosen;
}

/** The spec of a case. It always names all draws, so that fewer can be trained first and more later. As many seeds as draws: see recovery.mjs. */
export function specOf({ name, stimulus, windowMs, noiseMv, width, draws }) {
  const base = parse(readFileSync(new URL('../../sweeps/recovery.yaml', import.meta.url), 'utf8'));
  const start = (value) => ({ start: { logUniform: [value / width, value * width] } });
  return {
    name,
    seed: base.seed,
    problem: {
      model: 'hodgkin-huxley',
      infer: Object.fromEntries(Object.entries(TRUTH).map(([parameter, value]) => [parameter, start(value)])),
      data: [{ synthetic: { parameters: TRUTH, stimulus: STIMULI[stimulus], durationMs: windowMs, noiseMv, draws } }],
    },
    space: { ...base.space, 'network.features': featuresFor(windowMs), replicas: draws },
    training: finished(base.training ?? 'standard'),
    traces: { replicas: 0 },
  };
}

/** As many per millisecond as the 24 of 50 ms: the frequencies then lie no farther apart than one cycle in the window. */
function featuresFor(windowMs) {
  return Math.round((24 * windowMs) / 50);
}

/** The network's own estimate stays in the result beside the finished one, so that one run gives both. */
function finished(training) {
  const entries = typeof training === 'string' ? [training] : training;
  return typeof entries.at(-1) === 'object' && 'finish' in entries.at(-1) ? entries : [...entries, { finish: 'shooting' }];
}
