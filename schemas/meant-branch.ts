/**
 * Which alternative of a schema a wrong value was meant to be. A validator that fails an anyOf reports every branch's complaints;
 * of `{ step: { amplitud: 1 } }` five say only that it is no ramp, sine, ... This walk goes through schema and value side by side
 * and keeps the one branch that was evidently meant: by its tag (`optimizer: adam`), by its key (`step`), by its type.
 */
import { admitsType, alternatives, child, follow, jsonType, type LocatedNode } from './schema-node.ts';
import { likeness, nearest } from './wording.ts';

export type Path = readonly (string | number)[];

/** A place in the value and what the schema expects there. */
export interface Expectation {
  readonly path: Path;
  readonly value: unknown;
  /** One node, or several when none of the alternatives was evidently meant. */
  readonly nodes: readonly LocatedNode[];
}

/** Every place in the value with what is expected there, in the order of the value. */
export function expectationsOf(root: LocatedNode, value: unknown): Expectation[] {
  const found: Expectation[] = [];
  const visit = (located: LocatedNode, item: unknown, path: Path): void => {
    const nodes = meantBranches(located, item);
    found.push({ path, value: item, nodes });
    const [node] = nodes;
    if (nodes.length !== 1 || node === undefined) return;
    for (const [key, inner] of entries(item)) {
      const expected = child(node, key);
      if (expected !== undefined) visit(expected, inner, [...path, key]);
    }
  };
  visit(root, value, []);
  return found;
}

/** The key that tells most branches of an object apart, e.g. `optimizer`: a property with a constant in two of them or more. */
export function tagOf(branches: readonly LocatedNode[]): string | undefined {
  const keys = branches.flatMap((branch) => Object.keys(branch.node.properties ?? {}).filter((key) => hasConstant(branch, key)));
  return keys.find((key, at) => keys.indexOf(key) < at);
}

function hasConstant(branch: LocatedNode, key: string): boolean {
  const property = child(branch, key);
  return property !== undefined && 'const' in follow(property).node;
}

function meantBranches(located: LocatedNode, value: unknown): readonly LocatedNode[] {
  const branches = alternatives(located);
  const [only] = branches;
  if (branches.length === 1 && only !== undefined) return [only];
  const candidates = branches.filter((branch) => admitsType(branch, value));
  if (jsonType(value) === 'object') return meantObject(candidates, value, branches);
  if (jsonType(value) === 'array') return meantList(candidates, value, branches);
  const [candidate] = candidates;
  return candidates.length === 1 && candidate !== undefined && candidate.node.type !== undefined ? [candidate] : branches;
}

function meantObject(candidates: readonly LocatedNode[], value: unknown, branches: readonly LocatedNode[]): readonly LocatedNode[] {
  if (candidates.length === 1) return candidates;
  const keys = entries(value).map(([key]) => String(key));
  const tag = tagOf(candidates);
  const other = tag === undefined ? [] : candidates.filter((branch) => !hasConstant(branch, tag) && keyScore(branch, keys) > 0);
  if (tag !== undefined && (keys.includes(tag) || other.length === 0)) {
    const tagged = candidates.filter((branch) => entries(value).some(([key, item]) => key === tag && constantOf(branch, tag) === item));
    return tagged.length === 1 ? tagged : branches;
  }
  const scored = candidates.map((branch) => ({ branch, score: keyScore(branch, keys) })).toSorted((a, b) => b.score - a.score);
  const [best, second] = scored;
  return best !== undefined && best.score > (second?.score ?? 0) ? [best.branch] : branches;
}

/** A list is told apart by its first item: `[0, 50]` is one window, `[[0, 50]]` a list of them. */
function meantList(candidates: readonly LocatedNode[], value: unknown, branches: readonly LocatedNode[]): readonly LocatedNode[] {
  if (candidates.length === 1) return candidates;
  const first = entries(value)[0]?.[1];
  const matching = candidates.filter((branch) => {
    const item = child(branch, 0);
    return item !== undefined && alternatives(item).some((node) => admitsType(node, first));
  });
  return matching.length === 1 ? matching : branches;
}

/** A key of the branch counts 2, one that resembles such a key its likeness: `{ logUnifrom: [1, 2] }` was meant to be a logUniform. */
function keyScore({ node }: LocatedNode, keys: readonly string[]): number {
  const known = Object.keys(node.properties ?? {});
  return keys.reduce((sum, key) => {
    const guess = nearest(key, known);
    return sum + (guess === undefined ? 0 : guess === key ? 2 : likeness(key, guess));
  }, 0);
}

function constantOf(branch: LocatedNode, key: string): unknown {
  const property = child(branch, key);
  return property === undefined ? undefined : follow(property).node.const;
}

function entries(value: unknown): [string | number, unknown][] {
  if (Array.isArray(value)) return value.map((item: unknown, index) => [index, item]);
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
