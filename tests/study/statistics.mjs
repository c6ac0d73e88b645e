/**
 * Numbers of the recovery study. Errors are relative to the truth. Bias is their mean, RMS their root mean square over draws. A draw is a
 * success when each of the three conductances is within 10 % of the truth or within 3 Cramer-Rao standard errors of it, whichever is wider.
 */
import { NAMES, TRUTH } from './cases.mjs';

export const METHODS = {
  network: 'PINN alone',
  finished: 'PINN, finish: shooting',
  likelihood: 'maximum likelihood (starts at the truth)',
  starts: 'shooting, best of many starts',
  regression: 'linear regression',
};

const WITHIN = 0.1;
const WITHIN_STANDARD_ERRORS = 3;

/** One row per case: what each method's errors are over the draws that it has. */
export function summariseCase(one, draws) {
  const methods = Object.fromEntries(
    Object.keys(METHODS)
      .map((method) => [method, summariseMethod(method, draws)])
      .filter(([, summary]) => summary.n > 0),
  );
  const bound = draws.find((draw) => draw.bound !== undefined)?.bound;
  return { ...one, bound, methods };
}

function summariseMethod(method, draws) {
  const answered = draws.filter((draw) => draw[method] !== undefined);
  const errors = (name, of) => answered.map((draw) => of(draw)?.parameters?.[name] / TRUTH[name] - 1).filter(Number.isFinite);
  const successes = answered.filter((draw) => isSuccess(draw[method], draw.bound)).length;
  return {
    n: answered.length,
    failed: answered.filter((draw) => draw[method].parameters === undefined).length,
    successes,
    accepted: answered.filter((draw) => draw[method].accepted === true).length,
    secondsMedian: median(answered.map((draw) => draw[method].seconds)),
    parameters: Object.fromEntries(
      NAMES.map((name) => {
        const own = errors(name, (draw) => draw[method]);
        const paired = answered.filter((draw) => draw.likelihood?.parameters !== undefined && draw[method].parameters !== undefined);
        const best = rms(paired.map((draw) => draw.likelihood.parameters[name] / TRUTH[name] - 1));
        const bound = answered[0]?.bound?.[name];
        return [
          name,
          {
            bias: mean(own),
            biasStandardError: standardErrorOfMean(own),
            rms: rms(own),
            overBound: bound > 0 ? rms(own) / bound : null,
            overLikelihood: bound > 0 ? rms(paired.map((draw) => draw[method].parameters[name] / TRUTH[name] - 1)) / best : null,
          },
        ];
      }),
    ),
  };
}

export function isSuccess(answer, bound) {
  return NAMES.every((name) => {
    const error = Math.abs((answer?.parameters?.[name] ?? NaN) / TRUTH[name] - 1);
    return error <= Math.max(WITHIN, WITHIN_STANDARD_ERRORS * (bound?.[name] ?? 0));
  });
}

/** The start that a user would take: the one whose simulation fits best. */
export function bestOf(starts) {
  const ended = starts.filter(({ rmseMv }) => Number.isFinite(rmseMv));
  const seconds = starts.reduce((sum, start) => sum + start.seconds, 0);
  if (ended.length === 0) return { seconds };
  return { ...ended.reduce((best, start) => (start.rmseMv < best.rmseMv ? start : best)), seconds };
}

/** Wilson's 95 % interval of a share (1927). */
export function wilson(successes, n) {
  if (n === 0) return null;
  const z = 1.959964;
  const p = successes / n;
  const centre = (p + z ** 2 / (2 * n)) / (1 + z ** 2 / n);
  const half = (z * Math.sqrt((p * (1 - p)) / n + z ** 2 / (4 * n ** 2))) / (1 + z ** 2 / n);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

function mean(values) {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function rms(values) {
  return values.length === 0 ? null : Math.sqrt(mean(values.map((value) => value ** 2)));
}

function standardErrorOfMean(values) {
  if (values.length < 2) return null;
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1) / values.length);
}

export function median(values) {
  const sorted = values.filter(Number.isFinite).toSorted((a, b) => a - b);
  return sorted.length === 0 ? null : (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
