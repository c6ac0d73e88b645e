/**
 * `finish: shooting`: from the network's estimate to the maximum-likelihood one, and the choice between the two. The network's own stays
 * beside it in the result. Shooting is taken unless its forward simulation has the larger chi2 (a gate that it ties to its steady state may
 * start elsewhere in the network) or it cannot start: the estimate then remains the network's, and the result says so. With priors it is chi2
 * and theirs together, per sample. The same on every engine: no network takes part.
 */
import type { Configuration, Estimate, NetworkScore, Shooting } from '../../schemas/generated/types.ts';
import { priorResidual, type Prior } from '../engines/prior.ts';
import { assess } from './assess.ts';
import type { Assessment, Candidate } from './assess.ts';
import { countedSamples, countOf } from './ignored.ts';
import type { ShootingControl, ShootingProblem } from './shooting.ts';
import { shootToSpikes } from './coupled-shooting.ts';

export interface Finish {
  /** the network's estimate; `parameters` holds inferred and fixed ones */
  readonly candidate: Candidate;
  readonly infer: readonly string[];
  /** gates whose initial value is inferred */
  readonly freeGates: readonly string[];
  /** of the inferred parameters */
  readonly priors: readonly Prior[];
  /** `estimated`: priors are weighed against the misfit, not against sigmaMv */
  readonly noise: Configuration['loss.noise'];
  readonly control: ShootingControl;
}

export interface Finished {
  readonly candidate: Candidate;
  readonly assessment: Assessment;
  readonly iterations: number;
  readonly estimate: Pick<Estimate, 'shooting' | 'standardErrors'>;
  readonly network: Pick<NetworkScore, 'parameters' | 'initial' | 'furtherInitial' | 'chi2'>;
}

export function finish(request: Finish): Finished | 'interrupted' {
  const { candidate, infer, control } = request;
  const { parameters, initial, furtherInitial = [] } = candidate;
  const before = assess(candidate);
  const network = {
    parameters: inferredOf(parameters, infer),
    initial,
    ...(furtherInitial.length === 0 ? {} : { furtherInitial: [...furtherInitial] }),
    ...(before.predictive === undefined ? {} : { chi2: before.predictive.chi2 }),
  };
  const shot = shootToSpikes(problemOf(request), { parameters, initial, furtherInitial }, control);
  if (shot.kind === 'interrupted') return 'interrupted';
  const kept = (outcome: Shooting['outcome'], iterations: number): Finished => {
    return { candidate, assessment: before, iterations, estimate: { shooting: { outcome, iterations } }, network };
  };
  if (shot.kind === 'failed') return kept('failed', 0);
  const after = {
    ...candidate,
    parameters: { ...parameters, ...shot.parameters },
    initial: shot.initial,
    furtherInitial: shot.furtherInitial,
    stationarity: shot.lastChange,
  };
  const assessment = assess(after);
  if (!isAsGood(cost(assessment, after, request), cost(before, candidate, request))) return kept('worse', shot.iterations);
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

/** Written as "is as good if", so that NaN is not. Infinity: no forward solution. */
function isAsGood(after: number, before: number): boolean {
  return after <= (1 + ROUNDING) * before && after !== Infinity;
}

/** chi2, and with priors -2 log posterior per sample in the same unit. */
function cost({ predictive }: Assessment, { observation, parameters }: Candidate, { infer, priors, noise }: Finish): number {
  if (predictive === undefined) return Infinity;
  if (priors.length === 0) return predictive.chi2;
  const penalty = priors.reduce((sum, prior) => sum + priorResidual(prior, parameters[infer[prior.parameter]!]!) ** 2, 0);
  const samples = countOf(countedSamples(observation));
  // with estimated noise the likelihood is that of the best sigma: N log rmse^2
  if (noise === 'estimated') return predictive.rmseMv ** 2 * Math.exp(penalty / samples);
  return (predictive.rmseMv / observation.sigmaMv) ** 2 + penalty / samples;
}

function problemOf({ candidate, infer, freeGates, priors, noise }: Finish): ShootingProblem {
  const { model, observation, parameters } = candidate;
  const { sigmaMv, ...rest } = observation;
  return { ...rest, ...(noise === 'known' ? { sigmaMv } : {}), model, infer, fixed: parameters, freeGates, priors };
}

export function inferredOf(parameters: Readonly<Record<string, number>>, infer: readonly string[]): Record<string, number> {
  return Object.fromEntries(infer.map((name) => [name, parameters[name]!]));
}
