/**
 * The JSON Schema files as a tree that can be asked what it expects: loaded from the package, references followed. Read only to
 * word errors; what is valid is decided by the generated validators alone.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './package-root.ts';

export type SchemaName =
  'spec' | 'model' | 'task' | 'result' | 'lock' | 'summary' | 'trace' | 'card' | 'checkpoint' | 'notice' | 'dead' | 'baseline';

/** The keywords that our schema files use. */
export interface SchemaNode {
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
  readonly propertyNames?: SchemaNode;
  readonly items?: SchemaNode | readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly definitions?: Readonly<Record<string, SchemaNode>>;
}

/** A node and the file that its relative references start from. */
export interface LocatedNode {
  readonly file: string;
  readonly node: SchemaNode;
}

const files = new Map<string, SchemaNode>();

export function rootNode(name: SchemaName): LocatedNode {
  return follow({ file: `${name}.schema.json`, node: load(`${name}.schema.json`) });
}

/** The node itself, or what its reference leads to. */
export function follow(located: LocatedNode): LocatedNode {
  const { $ref } = located.node;
  if ($ref === undefined) return located;
  const [file = '', pointer = ''] = $ref.split('#');
  const target = file === '' ? located.file : file;
  const name = pointer.replace('/definitions/', '');
  const node = pointer === '' ? load(target) : load(target).definitions?.[name];
  if (node === undefined) throw new Error(`internal: ${located.file} refers to ${$ref}, which is not there`);
  return follow({ file: target, node });
}

/** The alternatives of a node, nested ones laid flat; the node itself when it has none. */
export function alternatives(located: LocatedNode): readonly LocatedNode[] {
  const { file, node } = follow(located);
  const branches = node.anyOf ?? node.oneOf;
  return branches === undefined ? [{ file, node }] : branches.flatMap((branch) => alternatives({ file, node: branch }));
}

/** The node of one property or item, or undefined where the schema says nothing of it. */
export function child(parent: LocatedNode, key: string | number): LocatedNode | undefined {
  const { properties, patternProperties, additionalProperties, items } = parent.node;
  const node =
    typeof key === 'number'
      ? itemNode(items, key)
      : (ownProperty(properties, key) ?? patternNode(patternProperties, key) ?? objectNode(additionalProperties));
  return node === undefined ? undefined : { file: parent.file, node };
}

/** JSON's name of a value's type. */
export function jsonType(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** Whether a value of this JSON type can be meant by the node (an alternative, laid flat). */
export function admitsType({ node }: LocatedNode, value: unknown): boolean {
  const type = jsonType(value);
  if (node.enum !== undefined) return node.enum.some((item) => jsonType(item) === type);
  if ('const' in node) return jsonType(node.const) === type;
  const types = typeof node.type === 'string' ? [node.type] : (node.type ?? []);
  return types.some((name) => name === type || (name === 'integer' && type === 'number'));
}

function load(file: string): SchemaNode {
  const known = files.get(file);
  if (known !== undefined) return known;
  // The package's own schema files: generate.mjs has compiled them, so they have this form.
  const node = JSON.parse(readFileSync(join(packageRoot(), 'schemas', file), 'utf8')) as SchemaNode;
  files.set(file, node);
  return node;
}

function itemNode(items: SchemaNode['items'], index: number): SchemaNode | undefined {
  return isList(items) ? items[index] : items;
}

function isList(items: SchemaNode['items']): items is readonly SchemaNode[] {
  return Array.isArray(items);
}

function ownProperty(properties: SchemaNode['properties'], key: string): SchemaNode | undefined {
  return properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
}

function patternNode(patterns: SchemaNode['patternProperties'] = {}, key: string): SchemaNode | undefined {
  return Object.entries(patterns).find(([pattern]) => new RegExp(pattern, 'u').test(key))?.[1];
}

function objectNode(schema: boolean | SchemaNode | undefined): SchemaNode | undefined {
  return typeof schema === 'object' ? schema : undefined;
}
