/**
 * A method without a network: what estimates one replica from its data and its model alone. Every implementation promises to depend on the
 * request and its options only, so that the same replica has the same numbers everywhere; to ask `control` at least every second or so; and,
 * interrupted, to begin anew: it takes seconds to a minute, so there are no checkpoints. It does not promise a good estimate: the same
 * predictive check and the same filter judge it as they judge a network's.
 */
import type { Prior } from '../../engines/prior.ts';
import type { Model } from '../../models/model.ts';
import type { Observation } from '../observation.ts';
import type { InitialStates } from '../segment-simulation.ts';
import type { ShootingControl } from '../shooting.ts';

export interface MethodRequest {
  readonly model: Model;
  readonly observation: Observation;
  /** names of the unknown parameters */
  readonly infer: readonly string[];
  /** first guesses of the replica, in the order of `infer` */
  readonly starts: readonly number[];
  readonly fixed: Readonly<Record<string, number>>;
  readonly priors: readonly Prior[];
  /** gates whose initial value is unknown; V(0) always is */
  readonly freeGates: readonly string[];
  readonly seed: number;
  readonly control: ShootingControl;
}

export interface MethodEstimate extends Required<InitialStates> {
  readonly kind: 'done';
  /** inferred ones, in the model's units */
  readonly parameters: Readonly<Record<string, number>>;
  /** integrations of the model, or passes of a regression */
  readonly steps: number;
  /** as in Estimate.stationarity */
  readonly stationarity: number;
  /** by parameter, in the model's units; not finite, or left out, where there is none */
  readonly standardErrors: Readonly<Record<string, number>>;
  /** V and gates on the samples as the method sees them; the forward solution when absent */
  readonly states?: Readonly<Record<string, Float64Array>>;
}

/** failed: nothing that it tried has a forward solution. */
export type MethodOutcome = MethodEstimate | { readonly kind: 'interrupted' } | { readonly kind: 'failed' };
