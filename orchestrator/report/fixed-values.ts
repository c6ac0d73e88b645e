/** What a sweep held fixed, in words: estimates hold given these values alone. */
import type { Lock } from '../../schemas/generated/types.ts';
import { fixedAxes } from '../spec/axes.ts';
import { listed } from '../../schemas/wording.ts';
import { formatExact, formatUnit } from './number-format.ts';

/** Units of the model's parameters, by name. */
export type Units = Readonly<Record<string, string>>;

/** Of a parameter that is an axis its values, or its distribution: it has no one value. */
export function describeFixed({ problem, space }: Pick<Lock['resolved'], 'problem' | 'space'>, units: Units): string {
  const axes = new Map(fixedAxes(space));
  return Object.entries(problem.fixed)
    .map(([name, value]) =>
      `${name} = ${axes.has(name) ? describeAxis(axes.get(name)) : formatExact(value)} ${formatUnit(units[name] ?? '1')}`.trimEnd(),
    )
    .join(', ');
}

function describeAxis(axis: unknown): string {
  if (typeof axis !== 'object' || axis === null || !('choice' in axis) || !Array.isArray(axis.choice)) return JSON.stringify(axis);
  return listed(axis.choice.map(String), 'or');
}
