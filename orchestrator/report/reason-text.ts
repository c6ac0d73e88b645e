/** Reasons of the summary in words. */

const REASONS: Readonly<Record<string, string>> = {
  'stopped/no-spikes': 'the data have spikes and the forward simulation has none',
  'stopped/chi2': 'the forward simulation misses the data by more than accept.chi2 allows',
  'stopped/rmse': 'the forward simulation is farther from the data than accept.rmseMv allows',
  'stopped/spikes': 'the forward simulation has another number of spikes than the data',
  'stopped/not-stationary': 'the parameters were still moving when training ended',
  'stopped/simulation-failed': 'the forward simulation with the inferred parameters did not run through',
  'stopped/time-limit': 'the time limit was reached',
  'converged/no-estimate': 'trained through, but an estimate is missing, infinite, or not positive where it must be',
  unfinished: 'planned, but without an outcome when this report was made',
};

/** `kind/reason` as a clause. */
export function describeReason(reason: string): string {
  const known = REASONS[reason];
  if (known !== undefined) return known;
  const [kind = '', detail = ''] = reason.split(/\/(.*)/s);
  switch (kind) {
    case 'diverged':
      return `training diverged: the ${detail} term of the loss was the first that was not finite`;
    case 'pruned':
      return `stopped early as hopeless, at ${detail.replace('-', ' ')}`;
    case 'failed':
      return `no result after every try: ${detail}`;
    default:
      return reason;
  }
}
