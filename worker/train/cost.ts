/**
 * What a replica costs, before it is trained: operations counted from its shape and schedule, and rates measured on this machine. An
 * estimate within a factor of about two: stages may stop early, and processors differ in how they like each shape.
 */
import type { LbfgsStage, LevenbergMarquardtStage, Stage, Task } from '../../schemas/generated/types.ts';
import type { Shape } from '../engines/engine.ts';
import { gridSize, layoutOf } from '../engines/layout.ts';

export interface ShapeCost {
  /** Length of theta. */
  readonly weights: number;
  /** Rows of the residual vector. */
  readonly residuals: number;
}

export function shapeCost(shape: Shape): ShapeCost {
  const points = gridSize(shape);
  const gates = shape.states === 'network' ? shape.model.gates.length : 0;
  return { weights: layoutOf(shape).size, residuals: shape.samples + points * (1 + gates) };
}

/** Multiply-adds per second of the two kinds of work, as an engine does them here. */
export interface Rates {
  readonly adam: number;
  readonly secondOrder: number;
}

/** Multiply-adds of one Adam step: value and tangent forward (2), their weight gradients (2) and adjoints (2), per weight and point. */
export function adamOperations(shape: Shape): number {
  return 6 * gridSize(shape) * layoutOf(shape).networkSize;
}

/** Multiply-adds of one Levenberg-Marquardt iteration: Gram matrices of every layer, their way through the gates, one factorisation. */
export function iterationOperations(shape: Shape): number {
  const { residuals } = shapeCost(shape);
  const points = gridSize(shape);
  const functionals = shape.states === 'network' ? residuals : 2 * points;
  const { layers, encoders } = layoutOf(shape);
  const gram = [...layers, ...encoders].reduce(
    (sum, { inputs, outputs }) => sum + 3 * points ** 2 * inputs + 2 * functionals ** 2 * outputs,
    0,
  );
  const gates = shape.states === 'network' ? 0 : 10 * shape.model.gates.length * points * (functionals + residuals);
  return gram + gates + residuals ** 3 / 6;
}

/** Losses with gradient that an L-BFGS iteration takes: 1.05 to 1.11 over 12 runs of 90 and 450 iterations, both formulations. */
const LBFGS_EVALUATIONS = 1.1;

/** Seconds of one core for one replica. L-BFGS is counted at the rate of Adam, though it runs in float64. */
export function replicaSeconds(shape: Shape, training: readonly Stage[], rates: Rates): number {
  return training.reduce((sum, stage) => sum + stageSeconds(shape, stage, rates), 0);
}

function stageSeconds(shape: Shape, stage: Stage, rates: Rates): number {
  switch (stage.optimizer) {
    case 'adam':
      return (stage.steps * adamOperations(shape)) / rates.adam;
    case 'levenberg-marquardt':
      return (stage.steps * rampLength(stage) * iterationOperations(shape)) / rates.secondOrder;
    case 'lbfgs':
      return (stage.steps * rampLength(stage) * LBFGS_EVALUATIONS * adamOperations(shape)) / rates.adam;
    default:
      return stage satisfies never;
  }
}

/** Integrations with sensitivities that `finish: shooting` takes from a network's estimate: 4 to 6 iterations, each with a trial or two. */
const FINISH = 10;
/** Of one start that is far away. */
const START = 30;
/** What one without sensitivities, at the accuracy of a search, takes of one with them. */
const SEARCH_SHARE = 0.1;
/** A regression integrates nothing; its smoothing and its weights take as long as so many. */
const REGRESSION = 10;

/** How many integrations with sensitivities a replica takes beside its stages. */
export function integrationsOf({ method, finish }: Pick<Task, 'method' | 'finish'>): number {
  switch (method?.kind) {
    case undefined:
      return finish === undefined ? 0 : FINISH;
    case 'regression':
      return REGRESSION;
    case 'shooting':
      return method.starts * START + FINISH;
    case 'differential-evolution':
      return method.population * (method.generations + 1) * SEARCH_SHARE + (method.polish ? FINISH : 0);
    default:
      return method satisfies never;
  }
}

function rampLength({ physics }: LevenbergMarquardtStage | LbfgsStage): number {
  return Array.isArray(physics) ? physics.length : 1;
}

/**
 * Bytes that the fused core holds for one replica at work; replicas of a thread are trained one after the other. Within a factor of 2 of what
 * it reported for 12 shapes of 60 to 501 samples, widths 16 and 64, both formulations; the program itself comes on top.
 */
export function replicaBytes(shape: Shape, training: readonly Stage[]): number {
  const points = gridSize(shape);
  const { layers, encoders } = layoutOf(shape);
  const activations = points * [...layers, ...encoders].reduce((sum, { inputs, outputs }) => sum + 2 * inputs + 8 * outputs, 0);
  if (!training.some(({ optimizer }) => optimizer === 'levenberg-marquardt')) return 16 * activations;
  const { residuals } = shapeCost(shape);
  const functionals = shape.states === 'network' ? 0 : 4 * points ** 2 + 2 * points * residuals;
  return 16 * activations + 12 * (residuals ** 2 + functionals);
}
