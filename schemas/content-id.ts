/**
 * Ids by content: canonical JSON and its SHA-256. Equal values have equal ids, whatever the order of their keys, in every process
 * and on every machine. Canonical JSON follows RFC 8785: no white space, keys sorted by UTF-16 code units, numbers and strings as
 * ECMAScript writes them (so -0 is 0).
 *
 * Unlike JSON.stringify this refuses what JSON cannot say (NaN, infinities, undefined, functions, bigints, class instances): two
 * values that differ must not get one id because both became `null`.
 */
import { hash } from 'node:crypto';

/** Canonical JSON text of a plain value. Throws "internal: ..." for anything that JSON cannot say; `key` names the value there. */
export function canonicalJson(value: unknown, key = 'value'): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `[${value.map((item: unknown) => canonicalJson(item, key)).join(',')}]`;
  if (isPlainObject(value)) return objectJson(value);
  throw new Error(`internal: ${key} has no canonical JSON: ${typeof value === 'number' ? value : typeof value}`);
}

/** SHA-256 of the canonical JSON, 64 lower-case hexadecimal digits. */
export function contentId(value: unknown): string {
  return sha256(canonicalJson(value));
}

/** SHA-256 of bytes, or of a text as UTF-8, 64 lower-case hexadecimal digits. */
export function sha256(content: string | Uint8Array): string {
  return hash('sha256', content, 'hex');
}

function objectJson(value: Readonly<Record<string, unknown>>): string {
  let text = '{';
  // Without a comparator toSorted() compares UTF-16 code units, as RFC 8785 asks.
  for (const key of Object.keys(value).toSorted())
    text += `${text.length > 1 ? ',' : ''}${JSON.stringify(key)}:${canonicalJson(value[key], key)}`;
  return `${text}}`;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
