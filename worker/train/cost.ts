/**
 * What a replica costs, before it is trained: operations counted from its shape and schedule, and rates measured on this machine. An
 * estimate within a factor of about two: stages may stop early, and processors differ in how they like each shape.
 */
import type { Stage } from '../../schemas/generated/types.ts';
import type { Shape } from '../engines/engine.ts';
import { gridSize, layoutOf } from '../engines/layout.ts';
import { cholesky, timesTranspose } from '../engines/reference/dense.ts';

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

/** Multiply-adds per second of the two kinds of work. */
export interface Rates {
  readonly adam: number;
  readonly dense: number;
}

/** Multiply-adds of one Adam step: value and tangent forward (2), their weight gradients (2) and adjoints (2), per weight and point. */
export function adamOperations(shape: Shape): number {
  return 6 * gridSize(shape) * layoutOf(shape).networkSize;
}

/** Multiply-adds of one Levenberg-Marquardt iteration: Gram matrices of every layer, their way through the gates, one factorisation. */
function iterationOperations(shape: Shape): number {
  const { residuals } = shapeCost(shape);
  const points = gridSize(shape);
  const functionals = shape.states === 'network' ? residuals : 2 * points;
  const layers = layoutOf(shape).layers;
  const gram = layers.reduce((sum, { inputs, outputs }) => sum + 3 * points ** 2 * inputs + 2 * functionals ** 2 * outputs, 0);
  const gates = shape.states === 'network' ? 0 : 10 * shape.model.gates.length * points * (functionals + residuals);
  return gram + gates + residuals ** 3 / 6;
}

/** Seconds of one core for one replica. */
export function replicaSeconds(shape: Shape, training: readonly Stage[], rates: Rates): number {
  return training.reduce((sum, stage) => {
    if (stage.optimizer === 'adam') return sum + (stage.steps * adamOperations(shape)) / rates.adam;
    const ramp = Array.isArray(stage.physics) ? stage.physics.length : 1;
    return sum + (stage.steps * ramp * iterationOperations(shape)) / rates.dense;
  }, 0);
}

const SIDE = 400;
const DEPTH = 32;

/** Multiply-adds per second of the dense algebra, from a tenth of a second of it. */
export function measureDenseRate(): number {
  const X = Float64Array.from({ length: SIDE * DEPTH }, (_, i) => Math.sin(i));
  const C = new Float64Array(SIDE * SIDE);
  const round = (): void => {
    timesTranspose(X, X, SIDE, SIDE, DEPTH, C, false);
    for (let i = 0; i < SIDE; i++) C[i * SIDE + i]! += SIDE;
    cholesky(C, SIDE);
  };
  round();
  const started = performance.now();
  let rounds = 0;
  while (performance.now() - started < 100) {
    round();
    rounds += 1;
  }
  return (rounds * (SIDE ** 2 * DEPTH + SIDE ** 3 / 6)) / ((performance.now() - started) / 1000);
}
