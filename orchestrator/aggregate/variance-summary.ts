/** Which axis of the sweep the estimates depend on: shares of their variance over accepted replicas. */
import type { Lock, Summary, VarianceDesign, VarianceShare } from '../../schemas/generated/types.ts';
import { randomStream, streamName } from '../../schemas/random.ts';
import { isBalanced } from '../statistics/design.ts';
import { factorialAnova, MOST_FACTORS } from '../statistics/factorial-anova.ts';
import { restrictedLikelihood } from '../statistics/restricted-likelihood.ts';
import { varianceShares } from '../statistics/share-interval.ts';
import { totalVariance } from '../statistics/variance-components.ts';
import type { VarianceComponents } from '../statistics/variance-components.ts';
import { ensembleOf } from './ensemble.ts';
import type { ReplicaTable } from './replica-table.ts';
import { scaleOf } from './scale.ts';
import { sweepFactors } from './sweep-factors.ts';
import type { Design } from './sweep-factors.ts';

const NORMALS = streamName('mean squares of variance shares');

/** Nothing where no axis has several levels, or too few replicas are accepted to tell it from chance. */
export function summariseVariance(lock: Lock, table: ReplicaTable): Pick<Summary, 'varianceDesign' | 'varianceShares'> {
  const design = sweepFactors(lock, table, ensembleOf(table, table.accepted).rows);
  const estimator = design.factors.length <= MOST_FACTORS && isBalanced(design.factors, design.rows.length) ? 'anova' : 'reml';
  const shares = lock.resolved.problem.infer.flatMap((parameter) => {
    const values = Float64Array.from(design.rows, (row) => scaleOf(parameter).forward(table.parameters[parameter.name]![row]!));
    const components = design.factors.length === 0 ? undefined : componentsOf(values, design, estimator);
    const entry = components === undefined ? undefined : sharesOf(components);
    return entry === undefined ? [] : [[parameter.name, entry] as const];
  });
  if (shares.length === 0) return {};
  const axes = Object.fromEntries(design.factors.map(({ name, levels }) => [name, levels]));
  return {
    varianceDesign: { estimator, n: design.rows.length, axes } satisfies VarianceDesign,
    varianceShares: Object.fromEntries(shares),
  };
}

function componentsOf(values: Float64Array, { factors }: Design, estimator: VarianceDesign['estimator']): VarianceComponents | undefined {
  return estimator === 'anova' ? factorialAnova(values, factors) : restrictedLikelihood(values, factors);
}

function normalsOf(resample: number): (index: number) => number {
  const stream = randomStream(resample, NORMALS);
  return (index) => stream.normal(index);
}

function sharesOf(components: VarianceComponents): Record<string, VarianceShare> | undefined {
  const shares = varianceShares(components, normalsOf);
  if (shares === undefined) return undefined;
  const total = totalVariance(components);
  const axes = components.parts.map((part, i): [string, VarianceShare] => [
    part.name,
    {
      ...shares.parts[i]!,
      ...(part.total === undefined ? {} : { total: Math.min(1, Math.max(shares.parts[i]!.share, part.total / total)) }),
    },
  ]);
  return { ...Object.fromEntries(axes), residual: shares.residual };
}
