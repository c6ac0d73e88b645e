/**
 * Checks the units of a whole model: alpha and beta are 1/ms, infinity has none, tau is ms, a pool's derivative has its unit per ms, currents
 * and the balance have the file's current unit, capacitance * mV / ms has it too, and a tie has its parameter's, scales included.
 */
import type { ModelFile } from '../../schemas/generated/types.ts';
import type { Violation } from '../../schemas/errors.ts';
import { mayMention, nameKinds } from './definitions.ts';
import type { Definition } from './definitions.ts';
import type { ModelText } from './model-file.ts';
import type { Path } from '../../schemas/meant-branch.ts';
import { createUnitSystem, describeUnit, freshUnit, knownUnit, NO_UNIT, unify, unitOfExpression } from './unit-inference.ts';
import type { Literals, UnitSystem, UnitTerm } from './unit-inference.ts';
import { combine, parseUnit } from './units.ts';
import type { UnitVector } from './units.ts';

const MV = requiredUnit('mV');
const MS = requiredUnit('ms');
const PER_MS = requiredUnit('1/ms');
const AMPERE = requiredUnit('A');
const AMPERE_PER_AREA = requiredUnit('A/m2');

/** Every unit that is unknown or does not agree. A name that is unknown, or out of its place, fits anywhere: it is reported elsewhere. */
export function unitViolations(definitions: readonly Definition[], model: ModelFile, text: ModelText): Violation[] {
  const system = createUnitSystem();
  for (const [name, unit] of Object.entries({ mV: MV, ms: MS, '1/ms': PER_MS })) system.written.set(name, unit);
  const violations: Violation[] = [];
  const declared = (path: Path, unit: string): UnitTerm => {
    const vector = parseUnit(unit);
    if (vector !== undefined) system.written.set(unit, vector);
    else violations.push(unknownUnit(text.where(path), unit));
    return vector === undefined ? freshUnit(system) : knownUnit(vector);
  };
  const current = declared(['current'], model.current);
  const units = unitsOfNames(model, system, current, declared);
  violations.push(...currentViolations(current, model, text), ...capacitanceViolations(units, current, model, text, system));
  const kinds = nameKinds(model);
  for (const definition of definitions) {
    const unitOf = (name: string): UnitTerm =>
      (mayMention(definition.role, name, kinds) ? units.get(name) : undefined) ?? freshUnit(system);
    violations.push(...definitionViolations(definition, unitOf, demandedUnit(definition, units, current, system), text, system));
  }
  return violations;
}

function unitsOfNames(
  model: ModelFile,
  system: UnitSystem,
  current: UnitTerm,
  declared: (path: Path, unit: string) => UnitTerm,
): Map<string, UnitTerm> {
  const units = new Map<string, UnitTerm>([
    ['V', knownUnit(MV)],
    ['I', current],
  ]);
  for (const [name, { unit }] of Object.entries(model.parameters)) units.set(name, declared(['parameters', name, 'unit'], unit));
  for (const [name, { unit }] of Object.entries(model.constants ?? {})) units.set(name, declared(['constants', name, 'unit'], unit));
  for (const name of Object.keys(model.functions ?? {})) units.set(name, freshUnit(system));
  for (const name of Object.keys(model.gates ?? {})) units.set(name, NO_UNIT);
  for (const [name, { unit }] of Object.entries(model.pools ?? {})) units.set(name, declared(['pools', name, 'unit'], unit));
  for (const name of Object.keys(model.currents)) units.set(name, current);
  return units;
}

function definitionViolations(
  { expression, path, role }: Definition,
  unitOf: (name: string) => UnitTerm,
  demanded: UnitTerm,
  text: ModelText,
  system: UnitSystem,
): Violation[] {
  if (expression === undefined) return [];
  const violations: Violation[] = [];
  const unit = unitOfExpression(expression, {
    system,
    literals: LITERALS[role],
    unitOf,
    report: ({ at, ...problem }) => violations.push({ code: 'MODEL_UNIT', where: text.where(path, at), ...problem }),
  });
  // One contradiction inside is enough: the unit of the whole then follows from a broken part.
  if (violations.length === 0 && !unify(system, unit, demanded)) {
    const rule = `must have the unit ${describeUnit(system, demanded)}`;
    violations.push({ code: 'MODEL_UNIT', where: text.where(path, 0), rule, got: describeUnit(system, unit) });
  }
  return violations;
}

/** What a number of an equation may stand for. */
const LITERALS: Readonly<Record<Definition['role'], Literals>> = {
  function: 'polymorphic',
  rate: 'polymorphic',
  pool: 'plain',
  current: 'plain',
  balance: 'plain',
  tied: 'offset',
};

/** The unit that an equation must have. Of a name that is unknown any: it is reported elsewhere. */
function demandedUnit({ role, path }: Definition, units: ReadonlyMap<string, UnitTerm>, current: UnitTerm, system: UnitSystem): UnitTerm {
  switch (role) {
    case 'function':
    case 'tied':
      return units.get(String(path.at(-1))) ?? freshUnit(system);
    case 'rate':
      return rateUnit(path);
    case 'pool':
      return perMs(units.get(String(path[1])) ?? freshUnit(system));
    case 'current':
    case 'balance':
      return current;
    default:
      return role satisfies never;
  }
}

function rateUnit(path: Path): UnitTerm {
  switch (path.at(-1)) {
    case 'infinity':
      return NO_UNIT;
    case 'tau':
      return knownUnit(MS);
    default:
      return knownUnit(PER_MS);
  }
}

function perMs({ known, variables }: UnitTerm): UnitTerm {
  return { known: combine(known, MS, -1), variables };
}

function currentViolations(current: UnitTerm, model: ModelFile, text: ModelText): Violation[] {
  if (current.variables.size > 0 || sameDimension(current.known, AMPERE) || sameDimension(current.known, AMPERE_PER_AREA)) return [];
  const rule = 'must be a unit of current (pA) or of current per area (uA/cm2)';
  return [{ code: 'MODEL_UNIT', where: text.where(['current']), rule, got: model.current }];
}

function capacitanceViolations(
  units: ReadonlyMap<string, UnitTerm>,
  current: UnitTerm,
  model: ModelFile,
  text: ModelText,
  system: UnitSystem,
): Violation[] {
  const capacitance = units.get(model.capacitance);
  if (capacitance === undefined || capacitance.variables.size > 0) return [];
  const unit = knownUnit(combine(combine(capacitance.known, MV, 1), MS, -1));
  if (unify(system, unit, current)) return [];
  const rule = `must have a unit that times mV / ms is ${model.current}, powers of ten included`;
  return [{ code: 'MODEL_UNIT', where: text.where(['capacitance']), rule, got: describeUnit(system, unit) }];
}

function unknownUnit(where: string, unit: string): Violation {
  return {
    code: 'MODEL_UNIT',
    where,
    rule: 'must be a unit such as mS/cm2, nS, mV, 1/ms, or 1 for a plain number (temperatures in K)',
    got: JSON.stringify(unit),
  };
}

/** Equal but for the scale, the last component. */
function sameDimension(a: UnitVector, b: UnitVector): boolean {
  return a.slice(0, -1).every((exponent, index) => exponent === b[index]);
}

function requiredUnit(text: string): UnitVector {
  const unit = parseUnit(text);
  if (unit === undefined) throw new Error(`internal: ${text} is no unit`);
  return unit;
}
