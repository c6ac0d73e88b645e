/** Parameters of a model by name: looking one up, a value for each, and what to say of a name that is none. */
import type { Violation } from '../../schemas/errors.ts';
import { didYouMean } from '../../schemas/wording.ts';
import { evaluateProgram } from './interpret.ts';
import type { Model, Parameter } from './model.ts';

export function findParameter({ parameters }: Pick<Model, 'parameters'>, name: string): Parameter | undefined {
  return parameters.find((parameter) => parameter.name === name);
}

/** Of a name that was checked before. */
export function parameterNamed(model: Model, name: string): Parameter {
  const parameter = findParameter(model, name);
  if (parameter === undefined) throw new Error(`internal: model ${model.name} has no parameter ${name}`);
  return parameter;
}

/** A value for every parameter, in the model's units: the given one, else the model's own. What is given for a tied one is passed over. */
export function parameterValues(model: Model, given: Readonly<Record<string, number>> = {}): Record<string, number> {
  const known = model.untied ?? model;
  const stranger = Object.keys(given).find((name) => findParameter(known, name) === undefined);
  if (stranger !== undefined) throw new Error(`internal: model ${model.name} has no parameter ${stranger}`);
  return Object.fromEntries(model.parameters.map(({ name, value }) => [name, given[name] ?? value]));
}

/** What the tied parameters are where the others have these values. */
export function tiedValues(model: Model, given: Readonly<Record<string, number>>): Record<string, number> {
  return evaluateProgram(model.tiedValues, parameterValues(model, given));
}

/** A value for every parameter, each on its own: what is given, else what it is tied to, else the model's own. */
export function untiedValues(model: Model, given: Readonly<Record<string, number>> = {}): Record<string, number> {
  return parameterValues(model.untied ?? model, { ...tiedValues(model, given), ...given });
}

/** SPEC_UNKNOWN_PARAMETER at `where`. */
export function unknownParameter(name: string, where: string, model: Model): Violation {
  const names = model.parameters.map((parameter) => parameter.name);
  const remedy = [didYouMean(name, names), `${model.name} has ${names.join(', ')}.`].filter((part) => part !== undefined).join(' ');
  return { code: 'SPEC_UNKNOWN_PARAMETER', where, rule: `must be a parameter of the model ${model.name}`, got: name, remedy };
}
