/**
 * Every default of a spec, in one table. What is not here has no default (`name`, `problem`) or takes it from the model or the
 * recording (start distributions, `fixed`, `sampleMs`, `noiseMv` of a recording).
 */
import { STANDARD_ACCEPT } from '../../schemas/acceptance.ts';
import type {
  Accept,
  AdamStage,
  Configuration,
  LbfgsStage,
  DifferentialEvolutionOptions,
  LevenbergMarquardtStage,
  ResolvedTolerate,
  ResolvedTraces,
  ShootingOptions,
} from '../../schemas/generated/types.ts';

export const DEFAULT_SEED = 1;
export const DEFAULT_REPLICAS = 8;
export const DEFAULT_SAMPLER = 'grid';
export const DEFAULT_TRAINING = 'standard';

export const DEFAULT_CONFIGURATION: Configuration = {
  states: 'integrated',
  'network.architecture': 'mlp',
  'network.depth': 2,
  'network.width': 32,
  'network.features': 24,
  'network.frequencies': 'random',
  'network.bandwidthKhz': 0.5,
  'network.scale': 'fixed',
  'network.activation': 'tanh',
  'network.factorisation': 'none',
  'collocation.perSample': 1,
  'collocation.density': 'uniform',
  'loss.data': 1,
  'loss.current': 1,
  'loss.gates': 1,
  'loss.weighting': 'fixed',
  'loss.huberMv': 'off',
  'loss.noise': 'known',
  'initial.gates': 'model',
};

/** `accept.rmseMv` stays out unless it is given: what is resolved is part of every replica's id. */
export const DEFAULT_ACCEPT: Accept = { chi2: STANDARD_ACCEPT.chi2, spikes: STANDARD_ACCEPT.spikes };
export const DEFAULT_TOLERATE: ResolvedTolerate = { failed: 0, diverged: 0.1 };
export const DEFAULT_TRACES: ResolvedTraces = { points: 250, replicas: 2000 };

/** The best of 16 starts within x/ 10 succeeded in 12 of 12 draws (50 ms, 1 mV), a single start in 119 of 192 cases under constant and 58 of 192 under fluctuating current (README). */
export const DEFAULT_SHOOTING: Required<ShootingOptions> = { starts: 16 };
/** With 60 generations 4 of 4 draws reached the best minimum of Hodgkin-Huxley's conductances (50 ms, 1 mV, whole ranges), as with 200. */
export const DEFAULT_DIFFERENTIAL_EVOLUTION: Required<DifferentialEvolutionOptions> = { population: 60, generations: 100, polish: true };

/** `warmup` is at most the stage's own steps. */
export const DEFAULT_ADAM: Omit<Required<AdamStage>, 'optimizer' | 'steps'> = {
  rate: 3e-3,
  parameterRate: 20,
  warmup: 100,
  physics: 1,
  project: true,
};

export const DEFAULT_LEVENBERG_MARQUARDT: Omit<Required<LevenbergMarquardtStage>, 'optimizer' | 'steps'> = {
  physics: [1],
  tolerance: 1e-3,
  project: true,
};

export const DEFAULT_LBFGS: Omit<Required<LbfgsStage>, 'optimizer' | 'steps'> = {
  physics: [1],
  history: 20,
  tolerance: 1e-6,
  project: true,
};
