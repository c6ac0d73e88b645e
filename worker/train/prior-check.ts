/** What is said of a prior before anything runs: a violation where it is no distribution, or cannot be that of its parameter. */
import type { Violation } from '../../schemas/errors.ts';
import type { InferredParameter } from '../../schemas/generated/types.ts';

/** `where`: its place in the spec. */
export function priorViolations({ name, unit, positive, range, prior }: InferredParameter, where: string): Violation[] {
  if (prior === undefined) return [];
  const invalid = (rule: string, got: string, remedy?: string): Violation[] => [
    { code: 'SPEC_DISTRIBUTION', where, rule, got, ...(remedy === undefined ? {} : { remedy }) },
  ];
  const [centre, spread] = 'normal' in prior ? prior.normal : prior.logNormal;
  if ('logNormal' in prior) {
    const remedy = `Write prior: { normal: [mean, standard deviation] } for ${name}.`;
    if (!positive) return invalid('logNormal must belong to a positive parameter', `${name}, which is not fitted as its logarithm`, remedy);
    if (!(spread > 1))
      return invalid('the factor of [median, factor] must be greater than 1', String(spread), '1.2 is about 20 % either way.');
  } else if (!(spread > 0)) return invalid('the standard deviation of [mean, standard deviation] must be greater than 0', String(spread));
  if (centre >= range[0] && centre <= range[1]) return [];
  const remedy = 'A fit keeps to that range: move the prior, or widen `range` in a model file of your own.';
  return invalid(
    `the centre of the prior of ${name} must lie in the model's range, ${range[0]} to ${range[1]} ${unit}`,
    String(centre),
    remedy,
  );
}
