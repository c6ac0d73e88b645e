/**
 * Whether a run may go on under a changed spec: all of its replicas are in the new sweep with the same ids and the same index. Seeds are
 * the slowest axis of the expansion, so more of them append. More random configurations, draws or data keep their ids too, but they move
 * the index, by which the outcome log finds its replicas: they need a run directory of their own.
 */
import { canonicalJson } from '../../schemas/content-id.ts';
import type { ResolvedSweep } from '../../schemas/generated/types.ts';
import { seedCount } from '../spec/sweep-size.ts';

/** True when `next` is `previous`, except that it may have more `replicas` and other `tolerate` and `traces`. */
export function extendsSweep(previous: ResolvedSweep, next: ResolvedSweep): boolean {
  return frame(previous) === frame(next) && seedCount(next) >= seedCount(previous);
}

/** All that must not change. */
function frame({ space, ...rest }: ResolvedSweep): string {
  const { tolerate: _tolerate, traces: _traces, ...kept } = rest;
  const { replicas: _replicas, ...axes } = space;
  return canonicalJson({ ...kept, axes });
}
