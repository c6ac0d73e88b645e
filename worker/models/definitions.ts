/**
 * The equations of a model file: where each stands, what it may mention, and whether definitions run in a circle. Everything that is
 * wrong is reported together. Units are checked in unit-check.ts, programs are made in compile.ts.
 */
import type { ModelFile } from '../../schemas/generated/types.ts';
import type { Violation } from '../../schemas/errors.ts';
import { constantValue, FUNCTIONS, namesOf, parseEquation, suggestion, WORD_OPERATORS } from './equation.ts';
import type { Expression } from './equation.ts';
import { invalid } from './model-file.ts';
import type { ModelText } from './model-file.ts';
import type { Path } from '../../schemas/meant-branch.ts';

/** What an equation is for decides what it may mention. */
export type Role = 'function' | 'rate' | 'pool' | 'current' | 'balance' | 'tied';

export interface Definition {
  readonly role: Role;
  readonly path: Path;
  readonly equation: string;
  /** Undefined where the equation was refused. */
  readonly expression: Expression | undefined;
}

export type NameKind = 'voltage' | 'stimulus' | 'parameter' | 'constant' | 'function' | 'gate' | 'pool' | 'current';

const SECTIONS = {
  parameters: 'parameter',
  constants: 'constant',
  functions: 'function',
  gates: 'gate',
  pools: 'pool',
  currents: 'current',
} as const;

const ALLOWED: Readonly<Record<Role, readonly NameKind[]>> = {
  function: ['voltage', 'parameter', 'constant', 'function', 'pool'],
  rate: ['voltage', 'parameter', 'constant', 'function', 'pool'],
  pool: ['voltage', 'parameter', 'constant', 'function', 'gate', 'pool', 'current'],
  current: ['voltage', 'parameter', 'constant', 'function', 'gate', 'pool', 'current'],
  balance: ['voltage', 'parameter', 'constant', 'function', 'gate', 'pool', 'current', 'stimulus'],
  tied: ['parameter', 'constant'],
};

const ROLE_RULE: Readonly<Record<Role, string>> = {
  function: 'must mention only V, pools, parameters, constants and other functions',
  rate: 'must mention only V, pools, parameters, constants and functions',
  pool: 'must mention only V, gates, pools, parameters, constants, functions and currents',
  current: 'must mention only V, gates, pools, parameters, constants, functions and other currents',
  balance: 'must mention only V, I, gates, pools, parameters, constants, functions and currents',
  tied: 'must mention only parameters and constants',
};

/** Every equation of a file, parsed. `raw` may break the schema: what is no text is left out. */
export function readDefinitions(raw: unknown, text: ModelText): { definitions: Definition[]; violations: Violation[] } {
  const violations: Violation[] = [];
  const definitions = equationTexts(raw).map(({ role, path, equation }): Definition => {
    const parsed = parseEquation(equation);
    if (parsed.kind === 'equation') return { role, path, equation, expression: parsed.expression };
    for (const { at, ...problem } of parsed.problems) violations.push({ code: 'MODEL_SYNTAX', where: text.where(path, at), ...problem });
    return { role, path, equation, expression: undefined };
  });
  return { definitions, violations };
}

/** What each name of the model is. */
export function nameKinds(model: ModelFile): ReadonlyMap<string, NameKind> {
  const kinds = new Map<string, NameKind>([
    ['V', 'voltage'],
    ['I', 'stimulus'],
  ]);
  for (const [section, kind] of sectionEntries()) for (const name of Object.keys(model[section] ?? {})) kinds.set(name, kind);
  return kinds;
}

export function mayMention(role: Role, name: string, kinds: ReadonlyMap<string, NameKind>): boolean {
  const kind = kinds.get(name);
  return kind !== undefined && ALLOWED[role].includes(kind);
}

/** Names that are taken, or given twice. */
export function declarationViolations(model: ModelFile, text: ModelText): Violation[] {
  const seen = new Map<string, string>();
  const violations: Violation[] = [];
  for (const [section] of sectionEntries())
    for (const name of Object.keys(model[section] ?? {})) {
      const where = text.whereKey([section, name]);
      const before = seen.get(name);
      if (isReserved(name))
        violations.push(invalid(where, 'must not take the name of V, I, a function, an operator or a word of JavaScript', name));
      else if (before !== undefined) violations.push(invalid(where, 'must be defined once', `${name}, also in ${before}`));
      seen.set(name, section);
    }
  return violations;
}

/** What is tied must be a parameter, and must follow one: an expression of numbers alone is a fixed value. */
export function tiedViolations(definitions: readonly Definition[], model: ModelFile, text: ModelText): Violation[] {
  const names = Object.keys(model.parameters);
  return definitions.flatMap((definition): Violation[] => {
    const { role, path, expression, equation } = definition;
    const name = nameOf(definition);
    if (role !== 'tied') return [];
    if (!names.includes(name)) {
      const rule = 'must be the name of a parameter';
      return [{ code: 'MODEL_UNKNOWN_NAME', where: text.whereKey(path), rule, got: name, ...suggestion(name, names) }];
    }
    if (expression === undefined || namesOf(expression).some((mentioned) => names.includes(mentioned.name))) return [];
    return [
      invalid(text.where(path), 'must mention another parameter', equation, 'A number is the value of a parameter that is not inferred.'),
    ];
  });
}

/** Unknown names, names out of their place, and powers that cannot be computed. */
export function nameViolations(definitions: readonly Definition[], model: ModelFile, text: ModelText): Violation[] {
  const kinds = nameKinds(model);
  return definitions.flatMap((definition) => {
    const { expression, path, role } = definition;
    if (expression === undefined) return [];
    const allowed = [...kinds.keys()].filter((name) => mayMention(role, name, kinds));
    const names = namesOf(expression).flatMap(({ name, at }): Violation[] => {
      if (mayMention(role, name, kinds)) return [];
      const kind = kinds.get(name);
      const remedy = kind === undefined ? suggestion(name, allowed) : {};
      const got = kind === undefined ? name : `${name}, a ${kind}`;
      return [
        {
          code: 'MODEL_UNKNOWN_NAME',
          where: text.where(path, at),
          rule: ROLE_RULE[role],
          got,
          ...remedy,
        },
      ];
    });
    return [...names, ...powerViolations(expression, path, model, text)];
  });
}

/** Functions, currents and tied parameters that depend on themselves; one violation per circle, at the name that closes it. */
export function cycleViolations(definitions: readonly Definition[], text: ModelText): Violation[] {
  const named = new Map(definitions.flatMap((definition) => (isNamed(definition) ? [[nameOf(definition), definition] as const] : [])));
  const done = new Set<string>();
  const violations: Violation[] = [];
  const visit = (definition: Definition, trail: readonly string[]): void => {
    for (const { name, at } of definition.expression === undefined ? [] : namesOf(definition.expression)) {
      const next = named.get(name);
      if (next === undefined || done.has(name)) continue;
      const start = trail.indexOf(name);
      if (start >= 0) {
        const got = [...trail.slice(start), name].join(' -> ');
        violations.push({
          code: 'MODEL_CYCLE',
          where: text.where(definition.path, at),
          rule: 'must not depend on itself',
          got,
        });
      } else visit(next, [...trail, name]);
    }
    if (isNamed(definition)) done.add(nameOf(definition));
  };
  for (const [name, definition] of named) if (!done.has(name)) visit(definition, [name]);
  return violations;
}

/** True for functions, currents and tied parameters, which other equations can mention. */
export function isNamed({ role }: Definition): boolean {
  return role === 'function' || role === 'current' || role === 'tied';
}

/** The name that a function, current or tie defines. */
export function nameOf(definition: Definition): string {
  return String(definition.path.at(-1));
}

function sectionEntries(): (readonly [keyof typeof SECTIONS, NameKind])[] {
  return [
    ['parameters', SECTIONS.parameters],
    ['constants', SECTIONS.constants],
    ['functions', SECTIONS.functions],
    ['gates', SECTIONS.gates],
    ['pools', SECTIONS.pools],
    ['currents', SECTIONS.currents],
  ];
}

/** Names of Object.prototype are refused because programs and specs keep values in records by name. */
function isReserved(name: string): boolean {
  return (
    name === 'V' || name === 'I' || FUNCTIONS.some((known) => known === name) || WORD_OPERATORS.includes(name) || name in Object.prototype
  );
}

function equationTexts(raw: unknown): { role: Role; path: Path; equation: string }[] {
  const texts = (role: Role, path: Path): { role: Role; path: Path; equation: string }[] =>
    entriesOf(raw, path).flatMap(([name, value]) => (typeof value === 'string' ? [{ role, path: [...path, name], equation: value }] : []));
  const states = (role: Role, section: string, keys: readonly string[]): { role: Role; path: Path; equation: string }[] =>
    entriesOf(raw, [section]).flatMap(([name]) => texts(role, [section, name]).filter(({ path }) => keys.includes(String(path.at(-1)))));
  const gates = states('rate', 'gates', ['alpha', 'beta', 'infinity', 'tau']);
  const pools = states('pool', 'pools', ['derivative']);
  const balance = texts('balance', []).filter(({ path }) => path[0] === 'balance');
  return [
    ...texts('function', ['functions']),
    ...gates,
    ...pools,
    ...texts('current', ['currents']),
    ...balance,
    ...texts('tied', ['tied']),
  ];
}

function entriesOf(raw: unknown, path: Path): [string, unknown][] {
  let value = raw;
  for (const key of path)
    value = typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

/** An exponent is a constant number; a varying one needs a base that is positive for certain. */
function powerViolations(expression: Expression, path: Path, model: ModelFile, text: ModelText): Violation[] {
  switch (expression.kind) {
    case 'number':
    case 'name':
      return [];
    case 'negation':
      return powerViolations(expression.operand, path, model, text);
    case 'call':
      return powerViolations(expression.argument, path, model, text);
    case 'operation': {
      const inner = [expression.left, expression.right].flatMap((side) => powerViolations(side, path, model, text));
      if (expression.operator !== '^' || constantValue(expression.right) !== undefined || isPositive(expression.left, model)) return inner;
      const rule = 'must have a number as exponent, unless the base is a positive number, constant or parameter';
      return [{ code: 'MODEL_SYNTAX', where: text.where(path, expression.at), rule, remedy: 'Write exp(exponent * log(base)).' }, ...inner];
    }
    default:
      return expression satisfies never;
  }
}

function isPositive(base: Expression, model: ModelFile): boolean {
  if (base.kind !== 'name') return (constantValue(base) ?? 0) > 0;
  return model.parameters[base.name]?.positive === true || (model.constants?.[base.name]?.value ?? 0) > 0;
}
