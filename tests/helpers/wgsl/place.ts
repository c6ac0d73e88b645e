/** What an expression of WGSL names: a value, or a place in memory that it can be read from and written to. */
import { elementOf, lengthOf, type Type, type Value } from './arithmetic.ts';

export interface Struct {
  readonly fields: readonly { readonly name: string; readonly type: Type }[];
}

/** What stands left of an assignment, or a value. */
export interface Place {
  readonly value: Value;
  readonly store: ((code: string) => string) | null;
  /** Of shared memory: its object, the number of the first scalar, and how to read on from there. */
  readonly shared: { readonly object: string; readonly first: string } | null;
}

export function sizeOf(type: Type): number {
  return typeof type === 'string' ? lengthOf(type) : type.count! * sizeOf(type.of);
}

export function shared(object: string, type: Type, structs: ReadonlyMap<string, Struct>): Place {
  if (typeof type === 'string' && structs.has(type)) return { value: { code: object, type }, store: null, shared: { object, first: '0' } };
  return sharedPart(object, '0', type);
}

function sharedPart(object: string, first: string, type: Type): Place {
  if (typeof type !== 'string') return { value: { code: object, type }, store: null, shared: { object, first } };
  const length = lengthOf(type);
  const value = { code: length === 1 ? `${object}.read(${first})` : `${object}.readVector(${first}, ${length})`, type };
  const store = (code: string): string =>
    length === 1 ? `${object}.write(${first}, ${code})` : `${object}.writeVector(${first}, ${code})`;
  return { value, store, shared: { object, first } };
}

export function indexed({ value: { code, type }, shared: memory }: Place, index: string): Place {
  const element = typeof type === 'string' ? elementOf(type) : type.of;
  if (memory !== null) {
    const stride = typeof type === 'string' ? 1 : sizeOf(type.of);
    return sharedPart(memory.object, `${memory.first} + ${stride} * (${index})`, element);
  }
  return { value: { code: `${code}[${index}]`, type: element }, store: (given) => `${code}[${index}] = ${given}`, shared: null };
}
