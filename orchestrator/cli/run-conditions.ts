/** What a calibration of a sweep would hold for. Needs the stored windows, for their current. */
import type { CalibrationConditions, ResolvedSweep, TraceObject } from '../../schemas/generated/types.ts';
import { currentMoments } from '../../worker/train/current-moments.ts';
import { calibrationConditions } from '../calibration/conditions.ts';

export function conditionsOf(resolved: ResolvedSweep, trace: (hash: string) => TraceObject): CalibrationConditions {
  return calibrationConditions(resolved, (unit) => currentMoments(unit, trace));
}
