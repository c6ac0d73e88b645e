/**
 * Shooting through a train of spikes. Once a simulated train has slipped against the measured one, V's misfit says little of how to go on:
 * a spike beside its place costs as much as none, and least squares end at parameters that are silent, or blocked. So where plain shooting
 * ends with other spikes than the data, it begins again with V coupled to the data, dV/dt = model + coupling * (data - V): then every
 * spike stays near its place from any start, and the misfit is smooth. The coupling is halved from stage to stage, each beginning
 * where the last one ended, and the last stage is without: its minimum is again the maximum-likelihood estimate
 * (Abarbanel, Creveling, Farsian, Kostuk 2009, SIAM J Appl Dyn Syst 8:1341-1381). Of the two ends the one with the smaller misfit is kept.
 * Where plain shooting meets the spikes it is all there is, and nothing changes.
 *
 * Hodgkin-Huxley, 60 ms with 4 spikes, noise of 1 mV, two draws, 20 starts up to a factor of 10 off in each conductance: plain shooting ends at the
 * noise from 12 (0.7 s each), coupled shooting from 20 (0.8 s), one after the other as here from 18: two ends meet the spikes and not the noise.
 * Couplings by thirds or tenths in place of halves lost one start in ten.
 */
import { STANDARD_ACCEPT } from '../../schemas/acceptance.ts';
import { bridgedVoltage } from './ignored.ts';
import { scoreOf } from './score.ts';
import { simulateSegments } from './segment-simulation.ts';
import { shoot, type Effort, type ShootingControl, type ShootingOutcome, type ShootingProblem, type ShootingStart } from './shooting.ts';

/** At the first every spike is drawn to its place; the last, 0.01, moves its time alone. */
const COUPLINGS_PER_MS: readonly number[] = Array.from({ length: 10 }, (_, stage) => 5 / 2 ** stage);
/** A stage only has to reach the basin of the next. */
const STAGE: Effort = { solutions: 30, stall: 1e-3 };
/** Least squares converge slowly where the misfit stays large: a joint fit of a real cell still moved by 5 % after 200 integrations. */
const LAST: Effort = { solutions: 400, stall: 1e-9 };
/** Of a stage's integrator: V is off by less than the noise of any amplifier. */
const TOLERANCE = 1e-6;

export function shootToSpikes(problem: ShootingProblem, start: ShootingStart, control: ShootingControl): ShootingOutcome {
  const plain = shoot(problem, start, control);
  if (plain.kind !== 'done' || meetsSpikes(problem, plain)) return plain;
  const coupled = shootCoupled(problem, start, control);
  if (coupled.kind === 'failed') return plain;
  const iterations = plain.iterations + coupled.iterations;
  return coupled.kind === 'done' && plain.rmseMv <= coupled.rmseMv ? { ...plain, iterations } : { ...coupled, iterations };
}

/** Through all stages, whatever plain shooting would give. */
export function shootCoupled(problem: ShootingProblem, start: ShootingStart, control: ShootingControl): ShootingOutcome {
  let from = start;
  let iterations = 0;
  for (const couplingPerMs of COUPLINGS_PER_MS) {
    const stage = shoot({ ...problem, couplingPerMs, effort: STAGE, tolerance: TOLERANCE }, from, control);
    if (stage.kind === 'failed') return stage;
    iterations += stage.iterations;
    if (stage.kind === 'interrupted') return { ...stage, iterations };
    from = stage;
  }
  const last = shoot({ ...problem, effort: LAST }, from, control);
  return last.kind === 'failed' ? last : { ...last, iterations: iterations + last.iterations };
}

/** As many spikes as the data, each within the tolerance of the coincidence factor. */
export function meetsSpikes(problem: ShootingProblem, estimate: ShootingStart): boolean {
  const parameters = { ...problem.fixed, ...estimate.parameters };
  const simulation = simulateSegments(problem.model, parameters, estimate, problem);
  const V = simulation.kind === 'done' ? simulation.states['V'] : undefined;
  const score = V === undefined ? undefined : scoreOf(V, { ...problem, voltageMv: bridgedVoltage(problem) }, STANDARD_ACCEPT);
  if (score === undefined) return false;
  const { spikes, timing, toleranceMs } = score;
  return spikes.observed === spikes.simulated && (timing?.worstMs ?? 0) <= toleranceMs;
}
