/**
 * Reads the text of a model file: YAML, then the schema. Knows where every value stands, so that a broken rule is told with line and
 * column. Says nothing of equations: see compile.ts.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Node as YamlNode } from 'yaml';
import type { Violation } from '../../schemas/errors.ts';
import { model as validate } from '../../schemas/generated/validators.js';
import type { ModelFile } from '../../schemas/generated/types.ts';
import type { Path } from '../../schemas/meant-branch.ts';
import { violationsOf, whereOf } from '../../schemas/violations.ts';

export interface ModelText {
  /** `model.gates.m.alpha (file:line:column)`: the place of a value, or of the character at `offset` within it. */
  where(path: Path, offset?: number): string;
  /** The same with the place of the value's key. */
  whereKey(path: Path): string;
}

export type ReadModel =
  | { readonly kind: 'model'; readonly model: ModelFile; readonly text: ModelText }
  | { readonly kind: 'refused'; readonly violations: readonly Violation[]; readonly raw: unknown; readonly text: ModelText };

export function readModelFile(text: string, file: string): ReadModel {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const positions = createPositions(text, file, document, lines);
  const located = createModelText(positions);
  const broken = [...document.errors, ...document.warnings].map(({ pos: [offset], message }) =>
    invalid(`model (${positions.at(offset)})`, 'must be YAML or JSON, with each key once', message),
  );
  if (broken.length > 0) return { kind: 'refused', violations: broken, raw: undefined, text: located };
  const raw = plainValue(document);
  if (raw.kind === 'refused') {
    const violation = invalid(located.where([]), 'must use an anchor before its alias, and few aliases', raw.reason);
    return { kind: 'refused', violations: [violation], raw: undefined, text: located };
  }
  // The validator checks against the schema that ModelFile is generated from.
  if (validate(raw.value)) return { kind: 'model', model: raw.value as ModelFile, text: located };
  const violations = violationsOf('model', raw.value, { code: 'MODEL_INVALID', root: 'model', locate: (path) => positions.ofValue(path) });
  return { kind: 'refused', violations, raw: raw.value, text: located };
}

export function invalid(where: string, rule: string, got?: string, remedy?: string): Violation {
  return { code: 'MODEL_INVALID', where, rule, ...(got === undefined ? {} : { got }), ...(remedy === undefined ? {} : { remedy }) };
}

function plainValue(document: Document): { kind: 'value'; value: unknown } | { kind: 'refused'; reason: string } {
  try {
    return { kind: 'value', value: document.toJS() };
  } catch (error) {
    // What yaml throws for aliases that are unresolved or too many.
    if (error instanceof ReferenceError) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

/** Places as `file:line:column`, counted from 1. Of the nearest value above where there is none. */
interface Positions {
  at(offset: number): string;
  ofValue(path: Path, offset?: number): string;
  ofKey(path: Path): string;
}

function createPositions(source: string, file: string, document: Document, lines: LineCounter): Positions {
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  return {
    at,
    ofValue: (path, offset) => {
      const { value } = nodeAt(document, path);
      const start = value?.range?.[0] ?? 0;
      return at(offset === undefined || value === undefined ? start : sourceOffset(source, value, offset));
    },
    ofKey: (path) => {
      const { key, value } = nodeAt(document, path);
      return at((key ?? value)?.range?.[0] ?? 0);
    },
  };
}

function createModelText(positions: Positions): ModelText {
  const place = (position: string): Parameters<typeof whereOf>[1] => ({ code: 'MODEL_INVALID', root: 'model', locate: () => position });
  return {
    where: (path, offset) => whereOf(path, place(positions.ofValue(path, offset))),
    whereKey: (path) => whereOf(path, place(positions.ofKey(path))),
  };
}

/** Value and key of a path, or of its longest prefix that exists. */
function nodeAt(document: Document, path: Path): { key?: YamlNode; value?: YamlNode } {
  let found: { key?: YamlNode; value?: YamlNode } = document.contents === null ? {} : { value: document.contents };
  for (const segment of path) {
    const parent = isAlias(found.value) ? found.value.resolve(document) : found.value;
    const next = childOf(parent, segment);
    if (next === undefined) return found;
    found = next;
  }
  return found;
}

function childOf(parent: unknown, segment: string | number): { key?: YamlNode; value?: YamlNode } | undefined {
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment));
    if (pair === undefined || !isScalar(pair.key)) return undefined;
    return isNode(pair.value) ? { key: pair.key, value: pair.value } : { key: pair.key };
  }
  const item = isSeq(parent) ? parent.items[Number(segment)] : undefined;
  return isNode(item) ? { value: item } : undefined;
}

function isNode(value: unknown): value is YamlNode {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}

/**
 * Where in the source a character of a scalar's value stands. YAML styles change white space only (quotes, indentation, folding), so
 * the n-th other character of the value is the n-th one of the source; with escapes in quotes that fails and the scalar's start is told.
 */
function sourceOffset(source: string, node: YamlNode, offset: number): number {
  const [start, end] = node.range ?? [0, 0];
  if (!isScalar(node) || typeof node.value !== 'string') return start;
  const escaped = (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') && /\\|''/.test(source.slice(start, end));
  if (escaped) return start;
  const blanksBefore = node.value.slice(0, offset).replaceAll(/\s/g, '').length;
  const atEnd = node.value.slice(offset).trim() === '';
  let seen = 0;
  let last = start;
  for (let at = contentStart(source, node, start); at < end; at++) {
    if (/\s/.test(source.charAt(at))) continue;
    if (seen === blanksBefore && !atEnd) return at;
    last = at;
    seen += 1;
    if (atEnd && seen === blanksBefore) return last + 1;
  }
  return last;
}

/** Behind the quote of a quoted scalar, behind the header line of a block. */
function contentStart(source: string, node: YamlNode, start: number): number {
  if (!isScalar(node)) return start;
  if (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') return start + 1;
  if (node.type === 'BLOCK_FOLDED' || node.type === 'BLOCK_LITERAL') return source.indexOf('\n', start) + 1;
  return start;
}
