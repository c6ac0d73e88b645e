/** What the device is given of a member, as tables of floats in the layout of tiling.ts. */
import type { Member } from '../engine.ts';
import { gridStepsMs, segmentStarts, VOLTAGE_CENTRE, VOLTAGE_SCALE } from '../layout.ts';
import { rowWeights } from '../loss.ts';
import { pointSize } from './kernel.ts';
import type { LocalBasis } from './local-basis.ts';
import { parameterNames } from './wgsl-parameters.ts';
import { priorScalars, priorSize } from './wgsl-prior.ts';
import { pairOfPoint, type Tiling } from './tiling.ts';

/**
 * What each point is compared with, see wgsl-head.ts; the driven voltage and its rate, in the order of pairs and the unit of the network's outputs; then, with
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
    const tile = Math.floor(p / (2 * t.pairs));
    const { pair, second } = pairOfPoint(t, p - 2 * tile * t.pairs);
    const at = 8 * t.allPairs + 4 * (tile * t.pairs + pair) + 2 * second;
    points[at] = member.drivenMv[p]! / VOLTAGE_SCALE;
    points[at + 1] = member.drivenRate[p]! / VOLTAGE_SCALE;
  }
  if (t.shape.states === 'integrated') points.set(gridStepsMs(member), 12 * t.allPairs);
  return points;
}

/** How the first layer's basis lies, fixed parameters, weights of the terms, Huber's limit, whether the noise is estimated; priors, beginnings of segments. */
export function memberScalars(t: Tiling, member: Member, basis: LocalBasis): Float32Array<ArrayBuffer> {
  const { weights } = member;
  const fixed = parameterNames(t).fixed.map((name) => member.fixed[name]!);
  const huber = Math.min(member.huberMv, LARGEST);
  return Float32Array.from([
    basis.rank,
    Number(basis.mirrored),
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

/** Whether members of this shape have the same basis. */
export function shareBasis(a: Member, b: Member): boolean {
  return areEqual(a.frequencies, b.frequencies) && areEqual(a.grid, b.grid);
}

function areEqual(a: Float64Array, b: Float64Array): boolean {
  return a === b || (a.length === b.length && a.every((value, i) => value === b[i]));
}
