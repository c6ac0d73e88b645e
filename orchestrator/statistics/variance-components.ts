/** The variance of a number that was measured under several factors, taken apart: what an estimator (ANOVA or REML) says of a design. */
export interface VarianceComponents {
  readonly estimator: 'anova' | 'reml';
  /** in the order of the factors */
  readonly parts: readonly Part[];
  /** Variance that no factor explains. */
  readonly residual: number;
  /** Degrees of freedom of `residual`. */
  readonly residualDf: number;
  /** Variance of interactions, where the estimator knows them apart from the residual; else 0. */
  readonly interactions: number;
}

export interface Part {
  readonly name: string;
  /** Variance over the design's own levels, each counted once; below 0 where the levels differ less than chance makes them. */
  readonly variance: number;
  readonly levels: number;
  readonly df: number;
  /** Rows of a level (their harmonic mean where they differ). */
  readonly rows: number;
  /** Position of the part whose mean square is this one's error: the factor nested in it; absent: the residual. */
  readonly error?: number;
  /** With every interaction that the factor takes part in, where the estimator knows them. */
  readonly total?: number;
}

/** All variance there is. */
export function totalVariance({ parts, residual, interactions }: VarianceComponents): number {
  return parts.reduce((sum, { variance }) => sum + Math.max(0, variance), residual + Math.max(0, interactions));
}
