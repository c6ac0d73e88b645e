/**
 * Parameters that are held fixed at other values in other replicas (`fixed.NAME` in a spec's space): whether they can be, and the one value
 * of each that stands for all of them where the whole problem is looked at once, before any replica is.
 */
import { isInside, POSITIVE, quantile } from '../../schemas/distribution.ts';
import type { Violation } from '../../schemas/errors.ts';
import type { NumberAxis } from '../../schemas/generated/types.ts';
import type { Model, Parameter } from '../models/model.ts';
import { findParameter, unknownParameter } from '../models/parameter-values.ts';

export type FixedAxes = Readonly<Record<string, NumberAxis>>;

/** The least share that a uniform number of schemas/random.ts can be: a positive parameter must be positive there too. */
const LEAST_SHARE = 2 ** -53;

/** Violations of all axes; `inferred` names may not be fixed. */
export function fixedAxisViolations(axes: FixedAxes, model: Model, inferred: ReadonlySet<string>): Violation[] {
  return Object.entries(axes).flatMap(([name, axis]): Violation[] => {
    const where = `spec.space.fixed.${name}`;
    const got = JSON.stringify(axis);
    if (inferred.has(name))
      return [{ code: 'SPEC_DATA', where, rule: 'a parameter is either inferred or fixed', got, remedy: `Take "${name}" out of "infer".` }];
    const tie = model.tied.find((tied) => tied.name === name);
    if (tie !== undefined)
      return [{ code: 'SPEC_DATA', where, rule: `${name} is tied: it is ${tie.equation}`, got, remedy: 'Vary that instead.' }];
    const parameter = findParameter(model, name);
    return parameter === undefined ? [unknownParameter(name, where, model)] : signViolations(parameter, axis, where);
  });
}

function signViolations({ name, positive }: Parameter, axis: NumberAxis, where: string): Violation[] {
  if (!positive) return [];
  const wrong = extremes(axis).some((value) => !isInside(value, POSITIVE));
  return wrong ? [{ code: 'SPEC_DATA', where, rule: `${name} must be greater than 0`, got: JSON.stringify(axis) }] : [];
}

/** Values are used as they are, but the model's author did not think of those. */
export function fixedAxisNotes(axes: FixedAxes, { parameters }: Pick<Model, 'parameters'>): string[] {
  return parameters.flatMap(({ name, unit, range: [low, high] }) => {
    const axis = axes[name];
    if (axis === undefined || extremes(axis).every((value) => isInside(value, { low, high }))) return [];
    return [`values of fixed.${name} reach outside the model's range, ${low} to ${high} ${unit}`];
  });
}

/** Of values the first, of a distribution the median. */
export function typicalValue(axis: NumberAxis): number {
  if (typeof axis === 'number') return axis;
  if ('choice' in axis) return axis.choice[0];
  return 'intUniform' in axis ? Math.floor((axis.intUniform[0] + axis.intUniform[1]) / 2) : quantile(axis, 0.5);
}

/** Every value of a list, the ends of a distribution. */
function extremes(axis: NumberAxis): readonly number[] {
  if (typeof axis === 'number') return [axis];
  if ('choice' in axis) return axis.choice;
  return 'intUniform' in axis ? axis.intUniform : [quantile(axis, LEAST_SHARE), quantile(axis, 1 - LEAST_SHARE)];
}
