/**
 * Turns a failed validation into violations that a person can act on: every error at once, each with its path (and, where the
 * caller can tell, line and column), the rule in words, the value got, and for a mistyped key the one that was probably meant.
 *
 *   const violations = violationsOf('model', value, { code: 'MODEL_INVALID', root: 'model', locate });
 *
 * The generated ajv validators alone decide what is wrong; expectationsOf() decides which alternative a wrong value was meant to be,
 * and this file words what ajv says there.
 */
import type { ErrorObject, ValidateFunction } from 'ajv';
import { describeViolation, type ErrorCode, type Violation } from './errors.ts';
import { baseline, card, checkpoint, dead, lock, model, notice, result, spec, summary, task, trace } from './generated/validators.js';
import { expectationsOf, tagOf, type Expectation, type Path } from './meant-branch.ts';
import { alternatives, child, follow, rootNode, type LocatedNode, type SchemaName, type SchemaNode } from './schema-node.ts';
import { didYouMean, listed, nearest } from './wording.ts';

/** How violations of one document are labelled. */
export interface Place {
  readonly code: ErrorCode;
  /** First word of every path, e.g. "spec". */
  readonly root: string;
  /** Where a path stands in the source text, e.g. "sweep.yaml:12:9"; undefined when unknown. */
  readonly locate?: ((path: Path) => string | undefined) | undefined;
}

/** The generated validators by name. A validator keeps its errors until its next call. */
export const VALIDATORS: Readonly<Record<SchemaName, ValidateFunction>> = {
  baseline,
  card,
  checkpoint,
  dead,
  lock,
  model,
  notice,
  result,
  spec,
  summary,
  task,
  trace,
};

/** Everything in `value` that breaks the schema; empty when it is valid. */
export function violationsOf(schema: SchemaName, value: unknown, place: Place): Violation[] {
  const validate = VALIDATORS[schema];
  if (validate(value)) return [];
  const errors = validate.errors ?? [];
  const meant = expectationsOf(rootNode(schema), value).flatMap((expectation) => violationsAt(expectation, errors, place));
  // A gap in the walk must not hide an error: then ajv's own words have to do.
  return meant.length > 0
    ? meant
    : errors.map((error) => ({ code: place.code, where: error.instancePath || place.root, rule: error.message ?? error.keyword }));
}

/** `spec.problem.data[0].synthetic.noiseMv (sweep.yaml:12:9)` */
export function whereOf(path: Path, { root, locate }: Place): string {
  const position = locate?.(path);
  const text = path.reduce<string>((sum, key) => (typeof key === 'number' ? `${sum}[${key}]` : `${sum}.${key}`), root);
  return position === undefined ? text : `${text} (${position})`;
}

/** A value as it is shown to the user: JSON on one line, cut after 80 characters. */
export function shown(value: unknown): string {
  // JSON has no NaN and no infinities, YAML has.
  const text = typeof value === 'number' ? String(value) : jsonOf(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch (error) {
    // JSON.parse reads what is nested 100,000 deep, and JSON.stringify does not write it
    if (error instanceof RangeError) return 'a value that is nested too deeply to be shown';
    throw error;
  }
}

function violationsAt(expectation: Expectation, errors: readonly ErrorObject[], place: Place): Violation[] {
  const pointer = expectation.path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  const here = errors.filter((error) => error.instancePath === pointer);
  const [located] = expectation.nodes;
  if (located === undefined || here.length === 0) return [];
  if (expectation.nodes.length > 1) return here.some(isChoice) ? [noAlternative(expectation, place)] : [];
  const own = here.filter((error) => belongsTo(error, located.node) && !isMistyped(error, here, located.node));
  const typeErrors = own.filter(({ keyword }) => keyword === 'type');
  return distinct((typeErrors.length > 0 ? typeErrors : own).map((error) => worded(error, expectation, located, place)));
}

/** A missing key whose mistyped form is there: the remedy at the unknown key says it all. */
function isMistyped({ keyword, params }: ErrorObject, here: readonly ErrorObject[], node: SchemaNode): boolean {
  if (keyword !== 'required') return false;
  const known = Object.keys(node.properties ?? {});
  const unknown = here.filter((error) => error.keyword === 'additionalProperties' && belongsTo(error, node));
  return unknown.some((error) => nearest(String(error.params['additionalProperty']), known) === params['missingProperty']);
}

/** A branch behind a reference and its like may raise the same error twice. */
function distinct(violations: readonly Violation[]): Violation[] {
  const byText = new Map(violations.map((violation) => [describeViolation(violation), violation]));
  return [...byText.values()];
}

function isChoice({ keyword }: ErrorObject): boolean {
  return keyword === 'anyOf' || keyword === 'oneOf';
}

/** Whether this node raised the error: several alternatives may have complained about the same place. */
function belongsTo({ keyword, params, propertyName }: ErrorObject, node: SchemaNode): boolean {
  if (propertyName !== undefined) return false;
  if (keyword === 'required') return node.required?.includes(String(params['missingProperty'])) ?? false;
  if (keyword === 'additionalProperties')
    return node.additionalProperties === false && !Object.hasOwn(node.properties ?? {}, String(params['additionalProperty']));
  const limit: unknown = params[PARAMETER[keyword] ?? 'limit'];
  const own: unknown = Object.entries(node).find(([key]) => key === keyword)?.[1];
  return own !== undefined && (limit === undefined || JSON.stringify(own) === JSON.stringify(limit));
}

/** Where ajv puts the schema's own value of a keyword; `limit` for the others. */
const PARAMETER: Readonly<Record<string, string>> = { type: 'type', enum: 'allowedValues', const: 'allowedValue', pattern: 'pattern' };

function worded({ keyword, params, message }: ErrorObject, { path, value }: Expectation, located: LocatedNode, place: Place): Violation {
  const at = (inner: Path): { code: ErrorCode; where: string } => ({ code: place.code, where: whereOf(inner, place) });
  if (keyword === 'required') return { ...at(path), ...missingKey(String(params['missingProperty']), located) };
  if (keyword === 'additionalProperties') {
    const key = String(params['additionalProperty']);
    return { ...at([...path, key]), ...unknownKey(key, Object.keys(located.node.properties ?? {})) };
  }
  if (keyword === 'propertyNames') {
    const key = String(params['propertyName']);
    return { ...at([...path, key]), rule: 'must be a name: a letter, then letters, digits or _, at most 32', got: shown(key) };
  }
  if (keyword === 'uniqueItems') return { ...at(path), rule: 'must not list the same value twice', got: shown(value) };
  if (keyword === 'minProperties') return { ...at(path), rule: 'must have at least one key', got: shown(value) };
  if (EXPECTED.has(keyword)) return { ...at(path), rule: `must be ${expected(located)}`, got: shown(value), ...hint(value, [located]) };
  return { ...at(path), rule: message ?? keyword, got: shown(value) };
}

/** Keywords whose rule is said by describing what the node expects. */
const EXPECTED = new Set([
  'type',
  'enum',
  'const',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'minLength',
  'pattern',
  'minItems',
  'maxItems',
]);

function missingKey(key: string, located: LocatedNode): { rule: string } {
  const property = child(located, key);
  return { rule: `must have the key "${key}"${property === undefined ? '' : `: ${expected(property)}`}` };
}

function unknownKey(key: string, known: readonly string[]): { rule: string; remedy: string } {
  return { rule: 'is no known key', remedy: didYouMean(key, known) ?? `Known here: ${known.join(', ')}.` };
}

/** None of several alternatives was evidently meant: name them all. */
function noAlternative({ path, value, nodes }: Expectation, place: Place): Violation {
  const objects = nodes.filter(({ node }) => node.type === 'object');
  const tag = tagOf(objects);
  if (tag !== undefined && typeof value === 'object' && value !== null) {
    const known = objects.map((branch) => tagText(branch, tag)).filter((text) => text !== '');
    const got: unknown = Object.entries(value).find(([key]) => key === tag)?.[1];
    if (got === undefined)
      return { code: place.code, where: whereOf(path, place), rule: `must have the key "${tag}": ${known.map(shown).join(' or ')}` };
    return {
      code: place.code,
      where: whereOf([...path, tag], place),
      rule: `must be ${known.map(shown).join(' or ')}`,
      got: shown(got),
      ...meant(got, known),
    };
  }
  const rule = `must be ${oneOf(nodes.flatMap(expectedWords))}`;
  return { code: place.code, where: whereOf(path, place), rule, got: shown(value), ...hint(value, nodes) };
}

function tagText(branch: LocatedNode, tag: string): string {
  const property = child(branch, tag);
  return property === undefined ? '' : String(follow(property).node.const);
}

/** "Did you mean" for a mistyped word among fixed words. */
function hint(value: unknown, nodes: readonly LocatedNode[]): { remedy?: string } {
  const words = nodes.flatMap(({ node }) => [...(node.enum ?? []), node.const]).filter((word) => typeof word === 'string');
  return meant(value, words);
}

function meant(value: unknown, words: readonly string[]): { remedy?: string } {
  const remedy = typeof value === 'string' ? didYouMean(value, words) : undefined;
  return remedy === undefined ? {} : { remedy };
}

/** What a node expects, in words. */
function expected(located: LocatedNode): string {
  return oneOf(alternatives(located).flatMap(expectedWords));
}

function expectedWords({ file, node }: LocatedNode): string[] {
  if (node.enum !== undefined) return node.enum.map(shown);
  if ('const' in node) return [shown(node.const)];
  const types = typeof node.type === 'string' ? [node.type] : (node.type ?? []);
  return types.map((type) => expectedType(type, { file, node }));
}

function expectedType(type: string, located: LocatedNode): string {
  const { node } = located;
  switch (type) {
    case 'object':
      return node.required === undefined ? 'an object' : `an object with ${node.required.map((key) => `"${key}"`).join(', ')}`;
    case 'array':
      return expectedList(located);
    case 'string':
      return expectedText(node);
    case 'integer':
      return `an integer${limits(node)}`;
    default:
      return `a ${type}${limits(node)}`;
  }
}

function expectedText({ pattern, description, minLength }: SchemaNode): string {
  if (pattern !== undefined) return `a text (${description ?? `matching ${pattern}`})`;
  return minLength === undefined ? 'a text' : 'a text that is not empty';
}

function expectedList(located: LocatedNode): string {
  const { minItems, maxItems } = located.node;
  const item = child(located, 0);
  const most = maxItems === undefined ? `at least ${minItems ?? 0}` : `${minItems ?? 0} to ${maxItems}`;
  const count = minItems !== undefined && minItems === maxItems ? String(minItems) : most;
  return `a list of ${count} items${item === undefined ? '' : `, each ${expected(item)}`}`;
}

function limits({ minimum, maximum, exclusiveMinimum }: SchemaNode): string {
  if (exclusiveMinimum !== undefined) return ` greater than ${exclusiveMinimum}${maximum === undefined ? '' : ` and at most ${maximum}`}`;
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  return maximum === undefined ? '' : ` of at most ${maximum}`;
}

function oneOf(parts: readonly string[]): string {
  return listed([...new Set(parts)], 'or');
}
