/**
 * The predictive check and the truth-free acceptance filter: the model is simulated forward with a replica's inferred parameters and
 * initial values, on the replica's own stimulus, and compared with its data. Knows nothing of the truth, of networks or of losses.
 *
 * Tests in this order, the first that fails names the outcome: simulation-failed, no-spikes, chi2, rmse, spikes, not-stationary. The first
 * two and the last are always asked, whatever the filter leaves out, and so is a number of spikes from half to twice that of the data:
 * parameters whose simulation does not run through, or does not spike where the cell does, explain nothing, however small the loss and however
 * alike the replicas. Every test is written as "passes if", so that NaN passes none.
 */
import { chi2Limit, STANDARD_ACCEPT, yardstickMv } from '../../schemas/acceptance.ts';
import type { Accept, Converged, Predictive, Stopped } from '../../schemas/generated/types.ts';
import type { Model } from '../models/model.ts';
import { bridgedVoltage, countedSamples, countOf } from './ignored.ts';
import type { Observation } from './observation.ts';
import { scoreOf } from './score.ts';
import { simulateSegments, type InitialStates } from './segment-simulation.ts';

/**
 * Largest change of a parameter over the last tenth of the steps, relative (or as a share of its range), that counts as stationary.
 * One percent: the Cramer-Rao standard error of a Hodgkin-Huxley conductance from 50 ms at 1 mV noise is 0.5 to 4 % (fisher.test.ts), so
 * an estimate that still moves by more has not settled within its own uncertainty.
 */
export const STATIONARY_WITHIN = 0.01;

export interface Candidate extends InitialStates {
  readonly model: Model;
  readonly observation: Observation;
  /** inferred and fixed parameters, in the model's units */
  readonly parameters: Readonly<Record<string, number>>;
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
  const { model, observation, parameters, stationarity } = candidate;
  const accept = { ...STANDARD_ACCEPT, ...candidate.accept };
  const simulation = simulateSegments(model, parameters, candidate, observation);
  const simulatedV = simulation.kind === 'done' ? simulation.states['V'] : undefined;
  const predictive = simulatedV === undefined ? undefined : predict(simulatedV, observation, accept);
  if (simulatedV === undefined || predictive === undefined || !Number.isFinite(predictive.rmseMv))
    return { verdict: { kind: 'stopped', reason: 'simulation-failed' } };
  return { predictive, simulatedV, verdict: judge(predictive, countOf(countedSamples(observation)), accept, stationarity) };
}

/** Compare a simulated voltage with the data. */
function predict(simulatedV: Float64Array, observation: Observation, accept: Required<Accept>): Predictive | undefined {
  const score = scoreOf(simulatedV, { ...observation, voltageMv: bridgedVoltage(observation) }, accept);
  const scaleMv = yardstickMv(accept.yardstick, observation);
  if (scaleMv === undefined) throw new Error('internal: a task without its yardstick was let pass');
  if (score === undefined) return undefined;
  const { rmseMv, ...spikes } = score;
  return { rmseMv, chi2: (rmseMv / scaleMv) ** 2, ...spikes };
}

/** Whether there is a spike where the data have one, and it comes down again where theirs do: V that stays up is a block and no spike. */
function spikesAsTheCell({ spikes, features }: Predictive): boolean {
  const falls = features !== undefined && features.observed.downstrokeMvPerMs !== null;
  return spikes.observed === 0 || (spikes.simulated > 0 && !(falls && features.simulated.downstrokeMvPerMs === null));
}

/** Where the number is not tested, half to twice as many as the data have. */
function enoughSpikes({ observed, simulated }: Predictive['spikes'], accept: Required<Accept>['spikes']): boolean {
  if (accept === 'off') return observed === 0 || (simulated <= 2 * observed && observed <= 2 * simulated);
  return Math.abs(simulated - observed) <= (accept === 'equal' ? 0 : accept);
}

/** The acceptance filter on numbers alone; `samples`: those that count. */
export function judge(predictive: Predictive, samples: number, accept: Required<Accept>, stationarity: number): Converged | Stopped {
  const { chi2, rmseMv, spikes } = predictive;
  if (!spikesAsTheCell(predictive)) return { kind: 'stopped', reason: 'no-spikes' };
  if (accept.chi2 !== 'off' && !(chi2 <= chi2Limit(accept.chi2, samples, accept.yardstick))) return { kind: 'stopped', reason: 'chi2' };
  if (accept.rmseMv !== 'off' && !(rmseMv <= accept.rmseMv)) return { kind: 'stopped', reason: 'rmse' };
  if (!enoughSpikes(spikes, accept.spikes)) return { kind: 'stopped', reason: 'spikes' };
  if (!(stationarity <= STATIONARY_WITHIN)) return { kind: 'stopped', reason: 'not-stationary' };
  return { kind: 'converged' };
}
