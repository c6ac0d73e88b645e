/**
 * What a number was measured under: one factor for each axis of an experiment, and which factors lie inside others. Levels are counted over
 * the rows at hand, so that a level without rows does not exist.
 */
export interface Factor {
  readonly name: string;
  /** level of each row, 0 to levels - 1, each level in use */
  readonly codes: Int32Array;
  readonly levels: number;
  /** Name of the factor that this one is nested in: a noise draw belongs to one data set. Its levels are then counted over all parents. */
  readonly inside?: string;
}

/** A factor from any codes: levels that do not occur are closed up, in the order of the codes. */
export function factorOf(name: string, codes: Int32Array, inside?: string): Factor {
  const used = Int32Array.from(new Set(codes)).sort();
  const position = new Map(Array.from(used, (code, level) => [code, level]));
  return { name, codes: codes.map((code) => position.get(code)!), levels: used.length, ...(inside === undefined ? {} : { inside }) };
}

/** Degrees of freedom of a factor's main effect. */
export function degreesOfFreedom(factor: Factor, all: readonly Factor[]): number {
  return factor.levels - (parentOf(factor, all)?.levels ?? 1);
}

export function parentOf({ inside }: Factor, all: readonly Factor[]): Factor | undefined {
  return inside === undefined ? undefined : all.find(({ name }) => name === inside);
}

/** The factor nested directly in this one. */
export function childOf({ name }: Factor, all: readonly Factor[]): Factor | undefined {
  return all.find(({ inside }) => inside === name);
}

/** Each combination of levels has the same number of rows, and each parent the same number of children. */
export function isBalanced(factors: readonly Factor[], rows: number): boolean {
  const leaves = factors.filter((factor) => childOf(factor, factors) === undefined);
  const cells = leaves.reduce((product, { levels }) => product * levels, 1);
  if (cells > rows || rows % cells !== 0) return false;
  const counts = new Int32Array(cells);
  for (let row = 0; row < rows; row++) {
    const cell = leaves.reduce((index, { codes, levels }) => index * levels + codes[row]!, 0);
    counts[cell] = counts[cell]! + 1;
  }
  return counts.every((count) => count === rows / cells) && factors.every((factor) => equalFamilies(factor, factors));
}

function equalFamilies(factor: Factor, all: readonly Factor[]): boolean {
  const parent = parentOf(factor, all);
  if (parent === undefined) return true;
  const children = Array.from({ length: parent.levels }, () => new Set<number>());
  for (const [row, code] of factor.codes.entries()) children[parent.codes[row]!]!.add(code);
  return children.every(({ size }) => size === children[0]!.size);
}
