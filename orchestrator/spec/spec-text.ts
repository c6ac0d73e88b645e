/**
 * The text of a spec as a plain value, and where each of its parts stands. YAML 1.2 with anchors and merge keys (`<<`), or JSON;
 * which one is told by the content, not by the file's name. Refused: duplicate keys, tags of one's own, several documents, aliases
 * that multiply without end. Nothing in a file is ever run.
 */
import { isNode, LineCounter, parseDocument, type Document, type ErrorCode as YamlErrorCode } from 'yaml';
import { LoligoError, throwIfAny, type Violation } from '../../schemas/errors.ts';
import type { Path } from '../../schemas/meant-branch.ts';

export interface SpecText {
  readonly value: unknown;
  /** `file:line:column` of a path, or of the nearest part around it that is written out. */
  readonly locate: (path: Path) => string;
}

/** A spec needs eight. What comes after may recurse, and an alias inside its own anchor is endless. */
const MAX_DEPTH = 64;

/** `file` is only named in messages. Throws SPEC_NOT_READABLE with every syntax error. */
export function parseSpecText(text: string, file: string): SpecText {
  const lines = new LineCounter();
  const document = guarded(file, () => parseDocument(text, { lineCounter: lines, merge: true, stringKeys: true, prettyErrors: false }));
  const json = jsonValue(text);
  const faults = [...document.errors, ...document.warnings].filter(({ code }) => json === undefined || FAULTS_OF_JSON.has(code));
  throwIfAny(
    faults.map((fault): Violation => {
      const { line, col } = lines.linePos(fault.pos[0]);
      const rule = fault.code === 'MULTIPLE_DOCS' ? 'a file holds one spec; a second one begins here (---)' : sentence(fault.message);
      return { code: 'SPEC_NOT_READABLE', where: `${file}:${line}:${col}`, rule };
    }),
  );
  const value: unknown = json === undefined ? guarded(file, () => document.toJS({ maxAliasCount: 1000 }) as unknown) : json.value;
  if (isDeeperThan(MAX_DEPTH, value))
    throw new LoligoError([{ code: 'SPEC_NOT_READABLE', where: file, rule: `must not nest deeper than ${MAX_DEPTH} levels` }]);
  return { value, locate: (path) => position(document, lines, file, path) };
}

/** JSON.parse keeps the last of two equal keys in silence, so that much of a JSON text is checked as YAML. Tabs are fine in JSON. */
const FAULTS_OF_JSON: ReadonlySet<YamlErrorCode> = new Set<YamlErrorCode>(['DUPLICATE_KEY']);

function jsonValue(text: string): { readonly value: unknown } | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    // Not JSON: a YAML flow mapping begins with a brace too, and the YAML parser words what is wrong with either.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The parser recurses: a text nested thousands deep ends its stack, and an alias bomb its limit. */
function guarded<T>(file: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    const reason = cause instanceof Error ? sentence(cause.message) : 'cannot be parsed';
    throw new LoligoError([{ code: 'SPEC_NOT_READABLE', where: file, rule: reason }], { cause });
  }
}

/** Depth first, so that even an endless value ends the search at the limit. */
function isDeeperThan(limit: number, value: unknown): boolean {
  const waiting: [unknown, number][] = [[value, 0]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [item, depth] = next;
    if (typeof item !== 'object' || item === null) continue;
    if (depth >= limit) return true;
    for (const inner of Object.values(item)) waiting.push([inner, depth + 1]);
  }
  return false;
}

function position(document: Document, lines: LineCounter, file: string, path: Path): string {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) {
      const { line, col } = lines.linePos(node.range[0]);
      return `${file}:${line}:${col}`;
    }
  }
  return `${file}:1:1`;
}

function sentence(message: string): string {
  return message.replace(/[.\s]+$/, '').replaceAll(/\s*\n\s*/g, ' ');
}
