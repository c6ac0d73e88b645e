/**
 * Shooting from many starts: Levenberg-Marquardt on the forward solution (shooting.ts) from first guesses of the start distributions, of
 * which the one that ends with the smallest misfit is kept. What a careful user of a least-squares library does: a single start ends in
 * the basin of the best minimum only sometimes. Where none of them meets the spikes of the data, all begin again, coupled to the data
 * (coupled-shooting.ts). V(0) begins at the first sample, gates at their steady state there.
 */
import type { ShootingTask } from '../../../schemas/generated/types.ts';
import { POSITIVE, sampleStart, UNLIMITED } from '../../../schemas/distribution.ts';
import { randomStream } from '../../../schemas/random.ts';
import { parameterNamed } from '../../models/parameter-values.ts';
import { steadyGates } from '../../simulate/forward.ts';
import { bridgedVoltage } from '../ignored.ts';
import { shoot, type ShootingOutcome, type ShootingProblem, type ShootingStart } from '../shooting.ts';
import { meetsSpikes, shootCoupled, shootToSpikes } from '../coupled-shooting.ts';
import type { MethodOutcome, MethodRequest } from './method.ts';

/** V is off by 2e-5 mV at spikes, far below any noise; half the time of 1e-9. The best start is finished at full accuracy. */
const TOLERANCE = 1e-7;

type Done = Extract<ShootingOutcome, { kind: 'done' }>;

export function multiStart(request: MethodRequest, { starts, from }: Pick<ShootingTask, 'starts' | 'from'>): MethodOutcome {
  const problem = shootingProblem(request);
  const rough = { ...problem, tolerance: TOLERANCE };
  let best: Done | undefined;
  let steps = 0;
  // start distributions that are numbers give one start, however many are asked for
  const distinct = request.infer.every((name) => typeof from[name] === 'number') ? 1 : starts;
  for (const shooting of [shoot, shootCoupled]) {
    if (shooting === shootCoupled && (best === undefined || meetsSpikes(rough, best))) break;
    for (let k = 0; k < distinct; k++) {
      const outcome = shooting(rough, startAt(request, valuesOf(request, from, k)), request.control);
      if (outcome.kind === 'interrupted') return outcome;
      if (outcome.kind === 'failed') continue;
      steps += outcome.iterations;
      if (best === undefined || outcome.rmseMv < best.rmseMv) best = outcome;
    }
  }
  return best === undefined ? { kind: 'failed' } : polished(problem, best, steps, request);
}

/** The forward problem of a request, at full accuracy. */
export function shootingProblem({ model, observation, infer, fixed, priors, freeGates }: MethodRequest): ShootingProblem {
  return { ...observation, model, infer, fixed, priors, freeGates };
}

/** From an estimate to its minimum, and to standard errors there. A minimum that has none (V says nothing) is the estimate itself. */
export function polished(problem: ShootingProblem, start: ShootingStart, steps: number, { control }: MethodRequest): MethodOutcome {
  const outcome = shootToSpikes(problem, start, control);
  if (outcome.kind !== 'done') return { kind: outcome.kind };
  return { ...outcome, kind: 'done', steps: steps + outcome.iterations, stationarity: outcome.lastChange };
}

/** The k-th start: the replica's own first guesses, then others of the same distributions. */
function valuesOf({ model, infer, starts, seed }: MethodRequest, from: ShootingTask['from'], k: number): number[] {
  return infer.map((name, p) => {
    const distribution = from[name];
    if (k === 0 || distribution === undefined) return starts[p]!;
    const limits = parameterNamed(model, name).positive ? POSITIVE : UNLIMITED;
    return sampleStart(distribution, randomStream(seed, `starts:${name}`), k, limits);
  });
}

/** Initial states as far as the data tell them. */
export function startAt({ model, observation, infer, fixed }: MethodRequest, values: readonly number[]): Required<ShootingStart> {
  const parameters = Object.fromEntries(infer.map((name, p) => [name, values[p]!]));
  const measured = bridgedVoltage(observation);
  const [initial, ...furtherInitial] = Array.from(observation.segments, (first) => {
    const V = measured[first]!;
    return { V, ...steadyGates(model, { ...fixed, ...parameters }, V) };
  });
  return { parameters, initial: initial!, furtherInitial };
}
