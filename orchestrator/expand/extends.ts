/** Whether a finished run may go on under a changed spec: all of its replicas are in the new sweep, with the same ids. */
import { canonicalJson } from '../../schemas/content-id.ts';
import type { ResolvedSweep } from '../../schemas/generated/types.ts';
import { seedCount } from '../spec/sweep-size.ts';

/** True when `next` is `previous`, except that it may have more `replicas`, a larger `random: N`, and other `tolerate` and `traces`. */
export function extendsSweep(previous: ResolvedSweep, next: ResolvedSweep): boolean {
  return frame(previous) === frame(next) && seedCount(next) >= seedCount(previous) && randomCount(next) >= randomCount(previous);
}

/** All that must not change. */
function frame({ space, sampler, ...rest }: ResolvedSweep): string {
  const { tolerate: _tolerate, traces: _traces, ...kept } = rest;
  const { replicas: _replicas, ...axes } = space;
  return canonicalJson({ ...kept, axes, sampler: typeof sampler === 'string' ? sampler : 'random' });
}

function randomCount({ sampler }: ResolvedSweep): number {
  return typeof sampler === 'string' ? 0 : sampler.random;
}
