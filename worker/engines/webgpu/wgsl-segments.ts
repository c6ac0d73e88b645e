/** WGSL of where the segments of a joint fit begin: the first points of all but the first are scalars of the replica. The network does not ask: it is the gates' integration that begins anew. */
import type { Shape } from '../engine.ts';

export function segmentDeclarations({ segments, states }: Shape): string {
  if (segments === 1 || states === 'network') return '';
  return /* wgsl */ `
const SEGMENTS = ${segments}u;

/** First point of a segment. */
fn start_of(atStarts: u32, segment: u32) -> u32 {
  if (segment == 0u) { return 0u; }
  return u32(scalars[atStarts + segment - 1u]);
}

/** Segment of a point. */
fn segment_at(atStarts: u32, j: u32) -> u32 {
  var segment = 0u;
  while (segment + 1u < SEGMENTS && j >= start_of(atStarts, segment + 1u)) { segment++; }
  return segment;
}
`;
}
