/**
 * The predictive check and the truth-free acceptance filter: the model is simulated forward with a replica's inferred parameters and
 * initial values, on the replica's own stimulus, and compared with its data. Knows nothing of the truth, of networks or of losses.
 *
 * Tests in this order, the first that fails names the outcome: simulation-failed, chi2, rmse, spikes, not-stationary. Every test is
 * written as "passes if", so that NaN passes none.
 */
import { chi2Limit, STANDARD_ACCEPT } from '../../schemas/acceptance.ts';
import type { Accept, Converged, Predictive, Stopped } from '../../schemas/generated/types.ts';
import type { Model } from '../models/model.ts';
import { spikeTimes } from '../recordings/spikes.ts';
import { simulate } from '../simulate/forward.ts';
import { coincidenceFactor } from '../simulate/spike-train.ts';
import type { Observation } from './observation.ts';
import { rootMeanSquare } from './root-mean-square.ts';

/**
 * Largest change of a parameter over the last tenth of the steps, relative (or as a share of its range), that counts as stationary.
 * One percent: the Cramer-Rao standard error of a Hodgkin-Huxley conductance from 50 ms at 1 mV noise is 0.5 to 4 % (fisher.test.ts), so
 * an estimate that still moves by more has not settled within its own uncertainty.
 */
export const STATIONARY_WITHIN = 0.01;

export interface Candidate {
  readonly model: Model;
  readonly observation: Observation;
  /** inferred and fixed parameters, in the model's units */
  readonly parameters: Readonly<Record<string, number>>;
  /** V (mV) and gates at the first sample; a gate left out starts at its steady state */
  readonly initial: Readonly<Record<string, number>>;
  readonly accept: Accept;
  /** as in Estimate.stationarity */
  readonly stationarity: number;
}

export interface Assessment {
  /** absent when the simulation failed */
  readonly predictive?: Predictive;
  /** mV, one per sample; absent when the simulation failed */
  readonly simulatedV?: Float64Array;
  readonly verdict: Converged | Stopped;
}

export function assess(candidate: Candidate): Assessment {
  const { model, observation, parameters, initial, accept, stationarity } = candidate;
  const simulation = simulate(model, { parameters, initial, current: observation.current, sampleMs: observation.sampleMs });
  const simulatedV = simulation.kind === 'done' ? simulation.states['V'] : undefined;
  if (simulatedV === undefined) return { verdict: { kind: 'stopped', reason: 'simulation-failed' } };
  const predictive = predict(simulatedV, observation);
  if (!Number.isFinite(predictive.rmseMv)) return { verdict: { kind: 'stopped', reason: 'simulation-failed' } };
  return {
    predictive,
    simulatedV,
    verdict: judge(predictive, observation.voltageMv.length, { ...STANDARD_ACCEPT, ...accept }, stationarity),
  };
}

/** Compare a simulated voltage with the data. */
function predict(simulatedV: Float64Array, { voltageMv, sampleMs, sigmaMv }: Observation): Predictive {
  const rmseMv = rootMeanSquare(simulatedV, voltageMv);
  const observed = spikeTimes(voltageMv, sampleMs);
  const simulated = spikeTimes(simulatedV, sampleMs);
  return {
    rmseMv,
    chi2: (rmseMv / sigmaMv) ** 2,
    spikes: { observed: observed.length, simulated: simulated.length },
    coincidence: coincidenceFactor(observed, simulated, (voltageMv.length - 1) * sampleMs),
  };
}

/** The acceptance filter on numbers alone. */
export function judge(predictive: Predictive, samples: number, accept: Required<Accept>, stationarity: number): Converged | Stopped {
  const { chi2, rmseMv, spikes } = predictive;
  if (accept.chi2 !== 'off' && !(chi2 <= chi2Limit(accept.chi2, samples))) return { kind: 'stopped', reason: 'chi2' };
  if (accept.rmseMv !== 'off' && !(rmseMv <= accept.rmseMv)) return { kind: 'stopped', reason: 'rmse' };
  if (accept.spikes !== 'off') {
    const allowed = accept.spikes === 'equal' ? 0 : accept.spikes;
    if (!(Math.abs(spikes.simulated - spikes.observed) <= allowed)) return { kind: 'stopped', reason: 'spikes' };
  }
  if (!(stationarity <= STATIONARY_WITHIN)) return { kind: 'stopped', reason: 'not-stationary' };
  return { kind: 'converged' };
}
