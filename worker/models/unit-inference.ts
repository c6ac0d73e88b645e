/**
 * Infers and checks units of equations. Known units are vectors; unknown ones are variables, and every rule (terms of a sum agree, the
 * argument of exp has no unit) is a linear equation between exponents, solved by elimination as the equations are read, after Kennedy,
 * "Types for units-of-measure", 2010, section 3. An equation that contradicts the earlier ones is the one that is reported.
 *
 * Literals of rates and functions are variables: fitted formulas such as 0.1 * (V + 40) hide units in their numbers. Literals of
 * currents and pools are plain numbers, and so are those of ties but where they are added: in EK + 20 the 20 is in mV.
 */
import { constantValue } from './equation.ts';
import type { Expression, Problem } from './equation.ts';
import { combine, DIMENSIONLESS, isNegligible, sameUnit } from './units.ts';
import type { UnitVector } from './units.ts';

/** known * product of variable^power. */
export interface UnitTerm {
  readonly known: UnitVector;
  readonly variables: ReadonlyMap<number, number>;
}

export interface UnitSystem {
  /** Variables solved for so far. A solution mentions no variable that is itself solved at that time. */
  readonly solved: Map<number, UnitTerm>;
  variables: number;
  /** Units as the file writes them, for messages. */
  readonly written: Map<string, UnitVector>;
}

export type Literals = 'plain' | 'polymorphic' | 'offset';

export interface UnitScope {
  readonly system: UnitSystem;
  readonly literals: Literals;
  /** The unit of a name; every name is known by now. */
  unitOf(name: string): UnitTerm;
  report(problem: Problem): void;
}

export const NO_UNIT: UnitTerm = { known: DIMENSIONLESS, variables: new Map() };

export function createUnitSystem(): UnitSystem {
  return { solved: new Map(), variables: 0, written: new Map([['a plain number', DIMENSIONLESS]]) };
}

export function knownUnit(known: UnitVector): UnitTerm {
  return { known, variables: new Map() };
}

export function freshUnit(system: UnitSystem): UnitTerm {
  const variable = system.variables;
  system.variables += 1;
  return { known: DIMENSIONLESS, variables: new Map([[variable, 1]]) };
}

/** The unit of an expression; problems are reported with the place of the operator or function that cannot work. */
export function unitOfExpression(expression: Expression, scope: UnitScope): UnitTerm {
  const { system } = scope;
  switch (expression.kind) {
    case 'number':
      return scope.literals === 'polymorphic' ? freshUnit(system) : NO_UNIT;
    case 'name':
      return scope.unitOf(expression.name);
    case 'negation':
      return unitOfExpression(expression.operand, scope);
    case 'call':
      return unitOfCall(expression, scope);
    case 'operation':
      return expression.operator === '^' ? unitOfPower(expression, scope) : unitOfOperation(expression, scope);
    default:
      return expression satisfies never;
  }
}

/** Demand that two units are one. False where they contradict. */
export function unify(system: UnitSystem, a: UnitTerm, b: UnitTerm): boolean {
  const difference = reduce(system, times(a, b, -1));
  const pivot = difference.variables.entries().next().value;
  if (pivot === undefined) return sameUnit(difference.known, DIMENSIONLESS);
  const [variable, power] = pivot;
  const rest: UnitTerm = { known: difference.known, variables: new Map([...difference.variables].filter(([other]) => other !== variable)) };
  system.solved.set(variable, raise(rest, -1 / power));
  return true;
}

/** A unit as the file would write it, for messages. */
export function describeUnit(system: UnitSystem, unit: UnitTerm): string {
  const { known, variables } = reduce(system, unit);
  if (variables.size > 0) return 'an undetermined unit';
  for (const [text, vector] of system.written) if (sameUnit(vector, known)) return text;
  return describeVector(known);
}

const BASES = ['kg', 'm', 's', 'A', 'K', 'cd', 'mol', 'rad', 'bit'];

function describeVector(vector: UnitVector): string {
  const scale = vector[BASES.length] ?? 0;
  const factor = isNegligible(scale) ? [] : [`${Number((10 ** scale).toPrecision(4))}`];
  const bases = BASES.flatMap((base, index) => {
    const exponent = Number((vector[index] ?? 0).toFixed(3));
    return exponent === 0 ? [] : [exponent === 1 ? base : `${base}^${exponent}`];
  });
  return [...factor, ...bases].join(' ') || 'a plain number';
}

function unitOfCall(expression: Extract<Expression, { kind: 'call' }>, scope: UnitScope): UnitTerm {
  const argument = unitOfExpression(expression.argument, scope);
  if (expression.function === 'sqrt') return raise(argument, 0.5);
  if (!unify(scope.system, argument, NO_UNIT))
    scope.report({
      at: expression.at,
      rule: `must give ${expression.function} an argument without unit`,
      got: describeUnit(scope.system, argument),
      remedy: 'Divide it by a scale, such as V / 10.',
    });
  return NO_UNIT;
}

function unitOfPower(expression: Extract<Expression, { kind: 'operation' }>, scope: UnitScope): UnitTerm {
  const base = unitOfExpression(expression.left, scope);
  const exponent = constantValue(expression.right);
  if (exponent !== undefined) return raise(base, exponent);
  for (const side of [base, unitOfExpression(expression.right, scope)])
    if (!unify(scope.system, side, NO_UNIT))
      scope.report({
        at: expression.at,
        rule: 'must have no unit in the base or exponent of a varying power',
        got: describeUnit(scope.system, side),
      });
  return NO_UNIT;
}

function unitOfOperation(expression: Extract<Expression, { kind: 'operation' }>, scope: UnitScope): UnitTerm {
  const left = unitOfExpression(expression.left, scope);
  const right = unitOfExpression(expression.right, scope);
  if (expression.operator === '*') return times(left, right, 1);
  if (expression.operator === '/') return times(left, right, -1);
  if (scope.literals === 'offset' && isNumber(expression.left)) return right;
  if (scope.literals === 'offset' && isNumber(expression.right)) return left;
  if (!unify(scope.system, left, right)) {
    const got = `${describeUnit(scope.system, left)} ${expression.operator} ${describeUnit(scope.system, right)}`;
    scope.report({ at: expression.at, rule: `must have the same unit on both sides of ${expression.operator}`, got });
  }
  return left;
}

function isNumber(expression: Expression): boolean {
  return constantValue(expression) !== undefined;
}

/** a * b^power */
function times(a: UnitTerm, b: UnitTerm, power: number): UnitTerm {
  const variables = new Map(a.variables);
  for (const [variable, own] of b.variables) {
    const sum = (variables.get(variable) ?? 0) + power * own;
    if (isNegligible(sum)) variables.delete(variable);
    else variables.set(variable, sum);
  }
  return { known: combine(a.known, b.known, power), variables };
}

function raise(unit: UnitTerm, power: number): UnitTerm {
  return times(NO_UNIT, unit, power);
}

/** The unit with every solved variable replaced. Ends because a solution never mentions a variable solved before it. */
function reduce(system: UnitSystem, unit: UnitTerm): UnitTerm {
  let reduced: UnitTerm = { known: unit.known, variables: new Map() };
  for (const [variable, power] of unit.variables) {
    const solution = system.solved.get(variable);
    reduced =
      solution === undefined
        ? times(reduced, { known: DIMENSIONLESS, variables: new Map([[variable, 1]]) }, power)
        : times(reduced, reduce(system, solution), power);
  }
  return reduced;
}
