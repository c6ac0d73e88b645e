/**
 * How two runs are set against each other: which replicas belong together, and what counts as independent.
 *
 * Seeds on the same data unit and draw err together, so a draw counts once. Runs are paired as closely as they allow:
 *   replica  the same replicas (same spec, new code): differences replica by replica, averaged over each draw. Below FEWEST_DRAWS draws each
 *            replica counts: the verdict then holds for these data alone, which both runs share
 *   draw     other replicas on the same data (ids moved: another model text, other widths): means over each draw
 *   none     other data: the draws of either run are independent samples
 */
import type { GatedReplica } from '../../schemas/generated/types.ts';

export type Pairing = 'replica' | 'draw' | 'none';

export interface Design {
  readonly pairing: Pairing;
  readonly unit: 'draw' | 'replica';
  /** Replicas of the baseline in each unit. Pairing replica: the i-th goes with the i-th of `after`. */
  readonly before: readonly (readonly GatedReplica[])[];
  /** The same of the new run; unit by unit beside `before` unless the pairing is none. */
  readonly after: readonly (readonly GatedReplica[])[];
}

/** With fewer the few degrees of freedom would hide anything but a landslide. */
const FEWEST_DRAWS = 6;
/** Of the smaller run that must be found again in the other for a pairing. */
const PAIRED_SHARE = 0.5;

export function designOf(before: readonly GatedReplica[], after: readonly GatedReplica[]): Design {
  const pairs = pairsOf(before, after);
  if (pairs.length > 0 && pairs.length >= PAIRED_SHARE * Math.min(before.length, after.length)) return pairedReplicas(pairs);
  const [a, b] = [byCluster(before), byCluster(after)];
  const shared = [...a.keys()].filter((cluster) => b.has(cluster));
  if (shared.length > 0 && shared.length >= PAIRED_SHARE * Math.min(a.size, b.size))
    return { pairing: 'draw', unit: 'draw', before: shared.map((key) => a.get(key)!), after: shared.map((key) => b.get(key)!) };
  return { pairing: 'none', unit: 'draw', before: [...a.values()], after: [...b.values()] };
}

type Pair = readonly [GatedReplica, GatedReplica];

function pairsOf(before: readonly GatedReplica[], after: readonly GatedReplica[]): Pair[] {
  const byId = new Map(after.map((replica) => [replica.id, replica]));
  return before.flatMap((replica): Pair[] => {
    const same = byId.get(replica.id);
    return same === undefined ? [] : [[replica, same]];
  });
}

function pairedReplicas(pairs: readonly Pair[]): Design {
  const clusters = new Map<string, Pair[]>();
  for (const pair of pairs) clusters.set(pair[0].cluster, [...(clusters.get(pair[0].cluster) ?? []), pair]);
  const unit = clusters.size >= FEWEST_DRAWS ? 'draw' : 'replica';
  const units = unit === 'draw' ? [...clusters.values()] : pairs.map((pair) => [pair]);
  return {
    pairing: 'replica',
    unit,
    before: units.map((members) => members.map(([old]) => old)),
    after: units.map((members) => members.map(([, fresh]) => fresh)),
  };
}

function byCluster(replicas: readonly GatedReplica[]): Map<string, GatedReplica[]> {
  const clusters = new Map<string, GatedReplica[]>();
  for (const replica of replicas) {
    const members = clusters.get(replica.cluster);
    if (members === undefined) clusters.set(replica.cluster, [replica]);
    else members.push(replica);
  }
  return clusters;
}
