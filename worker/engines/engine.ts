/**
 * An engine runs the arithmetic of training: it opens a cohort of replicas of one shape and takes each through the stages of its
 * schedule. Implementations: `reference` (float64, the oracle), `tfjs`, and `native` and `wasm`, two builds of the fused core; each passes
 * tests/contract/engine.
 *
 * Promised:
 *  1. Loss and gradient equal `reference` within 2e-6 of the largest component, and in L2, for every shape and model of the suite.
 *  2. A replica's numbers do not depend on its cohort: one that diverges, or any neighbour, changes no bit of them.
 *  3. The same replica on the same engine and kind of processor gives the same bits again.
 *  4. A state saved anywhere in a stage of any kind, and loaded into whatever cohort of the same arithmetic, goes on as if it had never stopped.
 *  5. Numerical trouble is an outcome (`diverged`, with step and term), never an exception and never a hang.
 *  6. `close` releases all memory; a closed cohort rejects every call.
 *  7. What an engine does not refuse, it trains as the reference does; what it refuses, it names.
 *
 * Not promised: equal bits between engines or kinds of processors; thread safety (one cohort, one thread).
 */
import type { AdamStage, Configuration, LbfgsStage, LevenbergMarquardtStage, Stage } from '../../schemas/generated/types.ts';
import type { Model } from '../models/model.ts';
import type { Prior } from './prior.ts';

export type EngineName = 'reference' | 'tfjs' | 'native' | 'wasm' | 'webgpu';

/** What must be equal for replicas to train together. */
export interface Shape {
  readonly model: Model;
  /** Names of the inferred parameters. */
  readonly infer: readonly string[];
  /** How many of them have a prior. */
  readonly priors: number;
  readonly states: Configuration['states'];
  readonly architecture: Configuration['network.architecture'];
  /** Hidden layers; those of a modified MLP are gated by its two encoders, which do not count. */
  readonly depth: number;
  readonly width: number;
  /** Fourier frequencies; the first layer sees a sine and a cosine of each. */
  readonly features: number;
  /** Whether one factor on all frequencies is trained. */
  readonly scale: Configuration['network.scale'];
  readonly activation: Configuration['network.activation'];
  readonly factorisation: Configuration['network.factorisation'];
  /** `model`: each gate as the model file says; or all of them alike. `states: integrated` only. */
  readonly initialGates: Configuration['initial.gates'];
  /** Samples of V, of all segments together. */
  readonly samples: number;
  /** Stretches of time in which the cell starts anew, with its own V and gates. Where each begins is the member's. */
  readonly segments: number;
  /** Collocation points per sample; a segment of n samples has (n - 1) * perSample + 1, the samples among them. Where they lie is the member's. */
  readonly perSample: number;
}

/** One replica's own data and settings. */
export interface Member {
  /** First sample of each segment: ascending from 0, length segments. No collocation point lies between the last sample of one and the first of the next. */
  readonly segments: Int32Array;
  /**
   * Collocation times, ms: ascending from 0, length (samples - segments) * perSample + segments. The network's time: segments lie one behind
   * the other, with a gap in which nothing is asked (worker/train/collocation.ts)
   */
  readonly grid: Float64Array;
  /** Place of each sample in `grid`: ascending from 0 to the last point, length samples */
  readonly sampleAt: Int32Array;
  /** mV, length samples */
  readonly voltageMv: Float64Array;
  /** 1, or 0 for a sample whose V is not known, where only the equations are asked; length samples */
  readonly sampleWeight: Float64Array;
  /** model's unit, on the grid */
  readonly current: Float64Array;
  /** mV: what the current's changes alone do to V; the network gives the rest. On the grid */
  readonly drivenMv: Float64Array;
  /** its time derivative, mV/ms */
  readonly drivenRate: Float64Array;
  /** cycles per ms, length features */
  readonly frequencies: Float64Array;
  /** values of the parameters that are not inferred */
  readonly fixed: Readonly<Record<string, number>>;
  readonly weights: LossWeights;
  /** Length that of the shape. */
  readonly priors: readonly Prior[];
  /** Noise of V that priors are weighed against while it is not estimated, mV */
  readonly sigmaMv: number;
  /** Misfit above which a sample counts linearly, mV; Infinity: never. See loss.ts */
  readonly huberMv: number;
  /** `estimated`: the data term is weighed by the noise that the misfit shows, see loss.ts */
  readonly noise: Configuration['loss.noise'];
  /** How Adam balances the terms, see weighting.ts */
  readonly weighting: Configuration['loss.weighting'];
  /** initial theta, see layout.ts */
  readonly theta: Float64Array;
}

/** What a replica is trained with beyond its shape, as far as an engine may lack it. */
export interface Settings {
  readonly density: Configuration['collocation.density'];
  readonly weighting: Configuration['loss.weighting'];
  readonly huberMv: number;
  readonly noise: Configuration['loss.noise'];
  readonly training: readonly Stage[];
}

/** Factors on the mean squares of the residuals. */
export interface LossWeights {
  readonly data: number;
  readonly current: number;
  /** `states: network` only */
  readonly gates: number;
}

/** Unweighted means. data: rho(V - data) / (10 mV)^2, rho being the square, or Huber's function; current: (residual:V / (50 mV/ms))^2; gates: mean over points, sum over gates of residual^2 in 1/ms. */
export interface LossTerms {
  readonly data: number;
  readonly current: number;
  readonly gates: number;
  /** Sum of the priors' squared residuals in the unit of `data` (loss.ts); absent without priors. */
  readonly prior?: number;
}

/** The terms that a schedule weighs, and that can be broken. */
export type LossTerm = 'data' | 'current' | 'gates';

export interface Evaluation {
  readonly loss: number;
  readonly terms: LossTerms;
  /** d loss / d theta, see layout.ts */
  readonly gradient: Float64Array;
}

/** Where a stage of second order stands between two iterations: everything else follows from theta. */
export interface RampPosition {
  /** Place in the stage's ramp of physics weights */
  readonly weight: number;
  /** Iterations done under that weight */
  readonly iteration: number;
  /** Of Levenberg-Marquardt; 0 with L-BFGS */
  readonly damping: number;
  /** Curvature pairs of L-BFGS, oldest first, each the change of theta and then that of the gradient, length theta; none with Levenberg-Marquardt */
  readonly pairs: readonly Float64Array[];
}

/** What a replica needs to go on: plain numbers, serialisable. */
export interface ReplicaState {
  readonly theta: Float64Array;
  /** First and second moments of Adam; absent outside an Adam stage. */
  readonly moments?: { readonly first: Float64Array; readonly second: Float64Array };
  /** Factors of the weighting scheme on data, current and gates (weighting.ts); absent outside an Adam stage, and with `fixed` weights. */
  readonly multipliers?: Float64Array;
  /** Absent outside a stage of second order. */
  readonly ramp?: RampPosition;
  /** Steps done of the stage; 0 between stages. */
  readonly step: number;
}

/** `steps` were done in this call: those before it was interrupted are not among them. `step` counts from the stage's beginning. */
export type StageOutcome =
  | { readonly kind: 'done'; readonly steps: number; readonly terms: LossTerms }
  | { readonly kind: 'interrupted'; readonly steps: number; readonly terms: LossTerms }
  | { readonly kind: 'diverged'; readonly step: number; readonly term: LossTerm };

/**
 * How a caller watches and stops a running stage. Called between slices of steps: one step with some engines, some tens of milliseconds of
 * them with others, never more but for a single longer step. Must be quick.
 */
export interface StageControl {
  /** True asks the stage to end before its next slice with `interrupted`. */
  shouldStop(): boolean;
  /** `steps` replica-steps were done since the last call. */
  progress(steps: number): void;
  /** Values of the inferred parameters of replica i after each step, in order, none left out; for the stationarity test; length infer. */
  trace?(replica: number, step: number, values: Float64Array): void;
  /** Asked like shouldStop, of each replica in training: `save` copies its state as it stands, which `load` takes up in any cohort. */
  checkpoint?(replica: number, save: () => ReplicaState): void;
}

/** What the trained network says on the collocation points. */
export interface Reconstruction {
  /** V in mV and each gate, length of the collocation grid */
  readonly states: Readonly<Record<string, Float64Array>>;
  /** inferred parameters in the model's units */
  readonly parameters: Readonly<Record<string, number>>;
}

export interface Cohort {
  readonly size: number;
  /** Loss and gradient at the present theta, physics terms multiplied by `physics`; no projection, no multipliers of a weighting scheme. */
  evaluate(physics: number): Promise<Evaluation[]>;
  adam(stage: Required<AdamStage>, control: StageControl): Promise<StageOutcome[]>;
  levenbergMarquardt(stage: Required<LevenbergMarquardtStage>, control: StageControl): Promise<StageOutcome[]>;
  lbfgs(stage: Required<LbfgsStage>, control: StageControl): Promise<StageOutcome[]>;
  reconstruct(): Promise<Reconstruction[]>;
  save(replica: number): Promise<ReplicaState>;
  load(replica: number, state: ReplicaState): Promise<void>;
  close(): Promise<void>;
}

export interface Engine {
  readonly name: EngineName;
  /** What its bits depend on beside its name and version: instruction set, kind of processor, JavaScript engine. States move between equal ones only. */
  readonly arithmetic: string;
  /** Replicas of one cohort that Adam gains from; absent: it trains each as fast alone. */
  readonly company?: number;
  /** Adam runs on a device that serves all threads of the machine, all else in the thread that asks: see pool.ts. */
  readonly onDevice?: true;
  /** What of this the engine lacks, by its name in the spec ("network.activation: gelu"); null when it can train it. */
  refuses(shape: Shape, settings: Settings): string | null;
  open(shape: Shape, members: readonly Member[]): Promise<Cohort>;
  close(): Promise<void>;
}
