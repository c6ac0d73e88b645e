/** What the device is given of a member, as tables of floats in the layout of tiling.ts. */
import type { Member } from '../engine.ts';
import { gridStepsMs, segmentStarts, VOLTAGE_CENTRE, VOLTAGE_SCALE } from '../layout.ts';
import { rowWeights } from '../loss.ts';
import { pointSize } from './kernel.ts';
import { parameterNames } from './wgsl-parameters.ts';
import { priorScalars, priorSize } from './wgsl-prior.ts';
import type { Tiling } from './tiling.ts';

/** Points of an even grid between two sines that are computed, not turned on from the one before: 64 turns lose two bits of a double. */
const TURNS = 64;
/** Of a step, in units of the window. */
const EVEN = 1e-13;

/** Fourier features as (sin, cos) of two points per vec4, [F][allPairs]. */
export function featureTable(t: Tiling, { grid, frequencies }: Member): Float32Array<ArrayBuffer> {
  const features = new Float32Array(t.frequencies * 4 * t.allPairs);
  const turnMs = evenStepMs(grid);
  frequencies.forEach((frequency, k) => {
    const row = features.subarray(k * 4 * t.allPairs, (k + 1) * 4 * t.allPairs);
    fillRow(row, 2 * Math.PI * frequency, grid, turnMs);
  });
  return features;
}

function fillRow(row: Float32Array, omega: number, grid: Float64Array, turnMs: number | null): void {
  const centre = grid.at(-1)! / 2;
  const [turnSin, turnCos] = turnMs === null ? [0, 0] : [Math.sin(omega * turnMs), Math.cos(omega * turnMs)];
  let [sin, cos] = [0, 0];
  for (let p = 0; p < grid.length; p++) {
    if (turnMs === null || p % TURNS === 0) {
      sin = Math.sin(omega * (grid[p]! - centre));
      cos = Math.cos(omega * (grid[p]! - centre));
    } else {
      [sin, cos] = [sin * turnCos + cos * turnSin, cos * turnCos - sin * turnSin];
    }
    row[2 * p] = sin;
    row[2 * p + 1] = cos;
  }
}

/** The step of a grid whose steps are all equal; null for an uneven one. */
function evenStepMs(grid: Float64Array): number | null {
  const last = grid.length - 1;
  if (last < 1) return null;
  const step = grid[last]! / last;
  return grid.every((time, p) => Math.abs(time - p * step) <= EVEN * grid[last]!) ? step : null;
}

/**
 * What each point is compared with, see wgsl-head.ts; the driven voltage and its rate, in the order and unit of the network's outputs; then, with
 * integrated gates, the length of the step behind it.
 */
export function pointTable(t: Tiling, member: Member): Float32Array<ArrayBuffer> {
  const { samples } = t.shape;
  const { sampleAt } = member;
  const count = member.grid.length;
  const weights = rowWeights(t.shape, member, { data: samples, current: count, gates: count });
  const points = new Float32Array(4 * pointSize(t));
  for (let p = 0; p < count; p++) {
    points[4 * p + 1] = member.current[p]!;
    points[4 * p + 3] = weights[samples + count + p]!;
  }
  for (let i = 0; i < samples; i++) {
    points[4 * sampleAt[i]!] = member.voltageMv[i]! - VOLTAGE_CENTRE;
    points[4 * sampleAt[i]! + 2] = weights[i]!;
  }
  for (let p = 0; p < count; p++) {
    points[8 * t.allPairs + 2 * p] = member.drivenMv[p]! / VOLTAGE_SCALE;
    points[8 * t.allPairs + 2 * p + 1] = member.drivenRate[p]! / VOLTAGE_SCALE;
  }
  if (t.shape.states === 'integrated') points.set(gridStepsMs(member), 12 * t.allPairs);
  return points;
}

/** Frequencies in radians per ms, fixed parameters, weights of the terms, Huber's limit, whether the noise is estimated; priors, beginnings of segments. */
export function memberScalars(t: Tiling, member: Member): Float32Array<ArrayBuffer> {
  const { weights } = member;
  const omegas = Array.from({ length: t.frequencies }, (_, k) => 2 * Math.PI * (member.frequencies[k] ?? 0));
  const fixed = parameterNames(t).fixed.map((name) => member.fixed[name]!);
  const huber = Math.min(member.huberMv, LARGEST);
  return Float32Array.from([
    ...omegas,
    ...fixed,
    weights.data,
    weights.current,
    weights.gates,
    huber,
    Number(member.noise === 'estimated'),
    ...(priorSize(t) === 0 ? [] : priorScalars(t.layout, member)),
    ...segmentStarts(member).subarray(1),
  ]);
}

/** Stands for infinity, which WGSL does not promise to know. */
const LARGEST = 3e38;

/** Whether members of this shape share a table of features. */
export function shareFeatures(a: Member, b: Member): boolean {
  return a.frequencies === b.frequencies && a.grid === b.grid;
}
