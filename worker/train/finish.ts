/**
 * `finish: shooting`: from the network's estimate to the maximum-likelihood one, and the choice between the two. The network's own stays
 * beside it in the result. Shooting is taken unless its forward simulation has the larger chi2 (a gate that it ties to its steady state may
 * start elsewhere in the network) or it cannot start: the estimate then remains the network's, and the result says so. The same on every engine: no network takes part.
 */
import type { Estimate, NetworkScore, Shooting } from '../../schemas/generated/types.ts';
import { assess } from './assess.ts';
import type { Assessment, Candidate } from './assess.ts';
import { shoot } from './shooting.ts';
import type { ShootingControl } from './shooting.ts';

export interface Finish {
  /** the network's estimate; `parameters` holds inferred and fixed ones */
  readonly candidate: Candidate;
  readonly infer: readonly string[];
  /** gates whose initial value is inferred */
  readonly freeGates: readonly string[];
  readonly control: ShootingControl;
}

export interface Finished {
  readonly candidate: Candidate;
  readonly assessment: Assessment;
  readonly iterations: number;
  readonly estimate: Pick<Estimate, 'shooting' | 'standardErrors'>;
  readonly network: Pick<NetworkScore, 'parameters' | 'initial' | 'chi2'>;
}

export function finish({ candidate, infer, freeGates, control }: Finish): Finished | 'interrupted' {
  const { model, observation, parameters, initial } = candidate;
  const before = assess(candidate);
  const network = {
    parameters: inferredOf(parameters, infer),
    initial,
    ...(before.predictive === undefined ? {} : { chi2: before.predictive.chi2 }),
  };
  const shot = shoot({ ...observation, model, infer, fixed: parameters, freeGates }, { parameters, initial }, control);
  if (shot.kind === 'interrupted') return 'interrupted';
  const kept = (outcome: Shooting['outcome'], iterations: number): Finished => {
    return { candidate, assessment: before, iterations, estimate: { shooting: { outcome, iterations } }, network };
  };
  if (shot.kind === 'failed') return kept('failed', 0);
  const after = { ...candidate, parameters: { ...parameters, ...shot.parameters }, initial: shot.initial, stationarity: shot.lastChange };
  const assessment = assess(after);
  if (!isAsGood(assessment, before)) return kept('worse', shot.iterations);
  const known = Object.entries(shot.standardErrors).filter(([, error]) => Number.isFinite(error));
  const shooting: Shooting = { outcome: 'taken', iterations: shot.iterations };
  return {
    candidate: after,
    assessment,
    iterations: shot.iterations,
    estimate: { shooting, standardErrors: Object.fromEntries(known) },
    network,
  };
}

/** From its own minimum shooting comes back with a chi2 that differs by rounding. */
const ROUNDING = 1e-9;

/** Written as "is as good if", so that NaN is not. */
function isAsGood(after: Assessment, before: Assessment): boolean {
  if (after.predictive === undefined) return false;
  return before.predictive === undefined || after.predictive.chi2 <= (1 + ROUNDING) * before.predictive.chi2;
}

export function inferredOf(parameters: Readonly<Record<string, number>>, infer: readonly string[]): Record<string, number> {
  return Object.fromEntries(infer.map((name) => [name, parameters[name]!]));
}
