/** What numbers of a model file must obey beyond the schema: ranges, values within them, starts, and that every parameter is used. */
import type { ContinuousDistribution, ModelFile, ParameterFile, PoolFile } from '../../schemas/generated/types.ts';
import type { Violation } from '../../schemas/errors.ts';
import { namesOf, suggestion } from './equation.ts';
import type { Definition } from './definitions.ts';
import { invalid } from './model-file.ts';
import type { ModelText } from './model-file.ts';
import type { Path } from '../../schemas/meant-branch.ts';

/** Ranges, values and starts. */
export function parameterViolations(model: ModelFile, text: ModelText): Violation[] {
  return Object.entries(model.parameters).flatMap(([name, parameter]) => {
    const path = ['parameters', name];
    return [...rangeViolations(parameter, path, text), ...startViolations(parameter, path, text)];
  });
}

/** Parameters that nothing depends on. Only for equations whose names are known: a mistyped name is not also an unused one. */
export function unusedViolations(model: ModelFile, definitions: readonly Definition[], text: ModelText): Violation[] {
  const names = definitions.flatMap(({ expression }) => (expression === undefined ? [] : namesOf(expression)));
  const used = new Set([model.capacitance, ...names.map(({ name }) => name)]);
  const unused = Object.keys(model.parameters).filter((name) => !used.has(name));
  return unused.map((name) => invalid(text.whereKey(['parameters', name]), 'must be used by an equation', name));
}

/** The capacitance is a parameter or constant, and its value divides the residual. */
export function capacitanceViolations(model: ModelFile, text: ModelText): Violation[] {
  const names = [...Object.keys(model.parameters), ...Object.keys(model.constants ?? {})];
  const where = text.where(['capacitance']);
  const { capacitance } = model;
  if (!names.includes(capacitance)) {
    const rule = 'must be the name of a parameter or constant';
    return [{ code: 'MODEL_UNKNOWN_NAME', where, rule, got: capacitance, ...suggestion(capacitance, names) }];
  }
  const value = capacitanceValue(model);
  return value > 0 ? [] : [invalid(where, 'must have a value greater than 0', String(value))];
}

/** The file's own value of the capacitance, in its unit. */
export function capacitanceValue(model: ModelFile): number {
  return (model.parameters[model.capacitance] ?? model.constants?.[model.capacitance])?.value ?? Number.NaN;
}

/**
 * Where first guesses are drawn from when the file does not say: a factor of ten to either side for what is fitted as its logarithm,
 * a tenth of the range to either side for what is not, both cut to the range.
 */
export function defaultStart({ value, range, positive }: ParameterFile): ContinuousDistribution {
  const [low, high] = range;
  if (positive === true) return { logUniform: [Math.max(low, value / 10), Math.min(high, value * 10)] };
  const reach = (high - low) / 10;
  return { uniform: [Math.max(low, value - reach), Math.min(high, value + reach)] };
}

/** Ranges of pools. */
export function poolViolations(model: ModelFile, text: ModelText): Violation[] {
  return Object.entries(model.pools ?? {}).flatMap(([name, pool]) => intervalViolations(pool, 'pool', ['pools', name], text));
}

function intervalViolations(
  { range: [low, high], positive }: Pick<ParameterFile | PoolFile, 'range' | 'positive'>,
  what: 'parameter' | 'pool',
  path: Path,
  text: ModelText,
): Violation[] {
  const where = text.where([...path, 'range']);
  const shown = `[${low}, ${high}]`;
  if (!(low < high)) return [invalid(where, 'must be [low, high] with low < high', shown)];
  return positive === true && low <= 0 ? [invalid(where, `must begin above 0, as the ${what} is positive`, shown)] : [];
}

function rangeViolations(parameter: ParameterFile, path: Path, text: ModelText): Violation[] {
  const { value, range } = parameter;
  const interval = intervalViolations(parameter, 'parameter', path, text);
  if (isInside(value, range) || !(range[0] < range[1])) return interval;
  return [...interval, invalid(text.where([...path, 'value']), `must be within the range [${range[0]}, ${range[1]}]`, String(value))];
}

function startViolations({ start, range, positive }: ParameterFile, path: Path, text: ModelText): Violation[] {
  if (start === undefined) return [];
  const where = text.where([...path, 'start']);
  const shown = JSON.stringify(start);
  if (typeof start === 'number') return isInside(start, range) ? [] : [invalid(where, 'must be within the range', shown)];
  if ('normal' in start) {
    const [mean, sd] = start.normal;
    return sd > 0 && isInside(mean, range) ? [] : [invalid(where, 'must be [mean within the range, standard deviation above 0]', shown)];
  }
  const [low, high] = 'uniform' in start ? start.uniform : start.logUniform;
  const mustBePositive = 'logUniform' in start || positive === true;
  if (low < high && isInside(low, range) && isInside(high, range) && !(mustBePositive && low <= 0)) return [];
  return [invalid(where, `must be [low, high] with low < high, within the range${mustBePositive ? ' and above 0' : ''}`, shown)];
}

function isInside(value: number, [low, high]: readonly [number, number]): boolean {
  return value >= low && value <= high;
}
