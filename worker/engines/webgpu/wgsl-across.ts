/**
 * WGSL of sums over neighbouring invocations: by shuffles within a subgroup where the adapter has them, else by way of `stage`.
 */
import { range } from './wgsl-block.ts';
import type { Tiling } from './tiling.ts';

/** across(value, mask): the value of the invocation whose number differs in the bits of `mask`. To be called by all of the workgroup. */
export function acrossFunction({ subgroup }: Tiling): string {
  return subgroup > 1
    ? 'fn across(value: vec4f, tid: u32, mask: u32) -> vec4f { return subgroupShuffleXor(value, mask); }'
    : /* wgsl */ `
fn across(value: vec4f, tid: u32, mask: u32) -> vec4f {
  workgroupBarrier();
  stage[tid] = value;
  workgroupBarrier();
  return stage[tid ^ mask];
}`;
}

/** Sums of variables over groups of `lanes` invocations, a share of them left with each. */
export interface Spread {
  readonly code: string;
  /** Variables that hold sums afterwards: those of the names from number `first` on. */
  readonly kept: readonly string[];
  readonly first: string;
  /** Whether an invocation is the one of its group to store what it holds. */
  readonly owner: string;
}

/** In each round an invocation gives half of what it holds to another one and gets its half; sums that cannot be halved are added on both sides. */
export function spread(names: readonly string[], lanes: number): Spread {
  const rounds: string[] = [];
  const firsts: string[] = [];
  let [kept, spare] = [names, 0];
  for (let mask = lanes / 2; mask >= 1; mask /= 2) {
    const half = kept.length / 2;
    const upper = `(tid & ${mask}u) != 0u`;
    if (Number.isInteger(half)) {
      const swap = range(half).map((k) => {
        const [low, high] = [kept[k]!, kept[k + half]!];
        return `{ let given = select(${high}, ${low}, upper); ${low} = select(${low}, ${high}, upper) + across(given, tid, ${mask}u); }`;
      });
      rounds.push(`{ let upper = ${upper}; ${swap.join('\n')} }`);
      firsts.push(`select(0u, ${half}u, ${upper})`);
      kept = kept.slice(0, half);
    } else {
      rounds.push(kept.map((name) => `${name} += across(${name}, tid, ${mask}u);`).join(' '));
      spare += mask;
    }
  }
  return {
    code: rounds.join('\n'),
    kept,
    first: firsts.length === 0 ? '0u' : `(${firsts.join(' + ')})`,
    owner: spare === 0 ? 'true' : `(tid & ${spare}u) == 0u`,
  };
}
