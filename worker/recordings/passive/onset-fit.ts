/**
 * The first milliseconds after an edge of the current. No ionic current jumps with V, so the change of dV/dt at the edge is the change of the
 * current over the capacitance, whatever the membrane does later: this holds for a rectifying membrane, one that sags, and a large step too.
 *
 * V = before + drift t, and after the edge jump + kick (1 - exp(-k t)) / k more: a membrane that slows (k > 0) or hastens (k < 0).
 */
import { exprel, exprelSlope } from '../../models/opcodes.ts';
import { fitCurve, linearStart, type Course, type Curve } from './curve-fit.ts';

export interface Onset {
  /** V at the edge, before it, mV */
  readonly beforeMv: number;
  /** mV */
  readonly jump: { readonly value: number; readonly standardError: number };
  /** change of dV/dt, mV/ms */
  readonly kick: { readonly value: number; readonly standardError: number };
}

/** Unknowns: before, drift, jump, kick, k. */
const CURVE: Curve = {
  size: 5,
  valueAt: (t, x) => x[0]! + x[1]! * t + (t < 0 ? 0 : x[2]! + x[3]! * t * exprel(-x[4]! * t)),
  slopesAt: (t, x, row) => {
    row.fill(0);
    row[0] = 1;
    row[1] = t;
    if (t < 0) return;
    row[2] = 1;
    row[3] = t * exprel(-x[4]! * t);
    row[4] = -x[3]! * t * t * exprelSlope(-x[4]! * t);
  },
};

/** @param course ms from the edge, both sides of it */
export function fitOnset(course: Course): Onset | undefined {
  const start = linearStart(course, CURVE, new Float64Array(5), 4);
  const fit = start === undefined ? undefined : fitCurve(course, CURVE, start.x);
  if (fit === undefined) return undefined;
  const error = (k: number): number => Math.sqrt(fit.covariance[k * 6]!);
  return {
    beforeMv: fit.x[0]!,
    jump: { value: fit.x[2]!, standardError: error(2) },
    kick: { value: fit.x[3]!, standardError: error(3) },
  };
}
