/** Types and arithmetic of WGSL as JavaScript: see translation.ts. */

/** scalar: f32, u32, i32, bool; vec2f ... vec4u; a struct's name; an array */
export type Type = string | { readonly of: Type; readonly count: number | null };

/** An expression. */
export interface Value {
  readonly code: string;
  readonly type: Type;
}

const VECTOR = /^vec([234])([fuib])$/;
const SCALAR_OF: Readonly<Record<string, string>> = { f: 'f32', u: 'u32', i: 'i32', b: 'bool' };

/** Of a type that is no array. */
export function nameOf(type: Type): string {
  if (typeof type !== 'string') throw new Error('an array is given where a scalar, vector or struct is wanted');
  return type;
}
export const isVector = (type: Type): boolean => typeof type === 'string' && VECTOR.test(type);
export const lengthOf = (type: Type): number => Number(VECTOR.exec(nameOf(type))?.[1] ?? 1);
export const elementOf = (type: Type): string => SCALAR_OF[VECTOR.exec(nameOf(type))?.[2] ?? ''] ?? nameOf(type);
export const vectorOf = (element: string, length: number): string => (length === 1 ? element : `vec${length}${element[0]!}`);

/** Values, not references, are assigned. */
export function copied(code: string, type: Type): string {
  if (typeof type !== 'string' || isVector(type)) return `[...${code}]`;
  return ['f32', 'u32', 'i32', 'bool', 'void', 'abstract-int', 'abstract-float'].includes(type) ? code : `({ ...${code} })`;
}

export function number(token: string): Value {
  if (token.startsWith('0x')) return { code: token.replace('u', ''), type: token.endsWith('u') ? 'u32' : 'abstract-int' };
  const digits = token.replace(/[fu]$/, '');
  if (token.endsWith('u')) return { code: digits, type: 'u32' };
  if (token.endsWith('f')) return { code: String(Math.fround(Number(digits))), type: 'f32' };
  return { code: digits, type: /[.e]/.test(digits) ? 'abstract-float' : 'abstract-int' };
}

export function concrete(type: Type): Type {
  return type === 'abstract-int' ? 'i32' : type === 'abstract-float' ? 'f32' : type;
}

export function wrapped(code: string, element: Type): string {
  if (element === 'u32') return `((${code}) >>> 0)`;
  return element === 'i32' ? `((${code}) | 0)` : `(${code})`;
}

const COMPARISONS = ['==', '!=', '<', '>', '<=', '>='];

export function arithmetic(operator: string, left: Value, right: Value): Value {
  const element = [left, right].map(({ type }) => elementOf(type)).find((type) => !type.startsWith('abstract')) ?? nameOf(left.type);
  const scalar = (a: string, b: string): string => ofScalars(operator, a, b, element);
  const length = Math.max(lengthOf(left.type), lengthOf(right.type));
  const of = COMPARISONS.includes(operator) || operator === '&&' || operator === '||' ? 'bool' : element;
  if (length === 1) return { code: scalar(left.code, right.code), type: of };
  const part = ({ type }: Value, name: string): string => (isVector(type) ? `${name}[k]` : name);
  return {
    code: `combine(${length}, ${left.code}, ${right.code}, (a, b, k) => ${scalar(part(left, 'a'), part(right, 'b'))})`,
    type: vectorOf(of, length),
  };
}

function ofScalars(operator: string, a: string, b: string, element: string): string {
  if (COMPARISONS.includes(operator)) return `(${a} ${operator === '==' ? '===' : operator === '!=' ? '!==' : operator} ${b})`;
  if (operator === '&&' || operator === '||') return `(${a} ${operator} ${b})`;
  if (element === 'bool') return `Boolean(${a} ${operator} ${b})`;
  if (element === 'f32') return `Math.fround(${a} ${operator} ${b})`;
  if (element.startsWith('abstract')) return `(${a} ${operator} ${b})`;
  if (operator === '*') return wrapped(`Math.imul(${a}, ${b})`, element);
  if (operator === '>>' && element === 'u32') return `((${a}) >>> (${b}))`;
  return wrapped(`${a} ${operator} ${b}`, element);
}

/** By number of operands: of scalars, in double and rounded once. */
const FUNCTIONS: Readonly<Record<string, (...operands: string[]) => string>> = {
  fma: (a, b, c) => `${a} * ${b} + ${c}`,
  abs: (a) => `Math.abs(${a})`,
  sqrt: (a) => `Math.sqrt(${a})`,
  inverseSqrt: (a) => `1 / Math.sqrt(${a})`,
  exp: (a) => `Math.exp(${a})`,
  log: (a) => `Math.log(${a})`,
  sin: (a) => `Math.sin(${a})`,
  cos: (a) => `Math.cos(${a})`,
  floor: (a) => `Math.floor(${a})`,
  round: (a) => `even(${a})`,
  min: (a, b) => `Math.min(${a}, ${b})`,
  max: (a, b) => `Math.max(${a}, ${b})`,
  clamp: (a, low, high) => `Math.min(Math.max(${a}, ${low}), ${high})`,
};

export function builtin(name: string, given: readonly Value[]): Value {
  if (VECTOR.test(name)) return { code: `vector(${lengthOf(name)}, ${given.map(({ code }) => code).join(', ')})`, type: name };
  const [first, second, third] = given;
  if (name === 'f32') return { code: `Math.fround(${first!.code})`, type: 'f32' };
  if (name === 'u32') return { code: `(Math.trunc(Number(${first!.code})) >>> 0)`, type: 'u32' };
  if (name === 'i32') return { code: `(Math.trunc(Number(${first!.code})) | 0)`, type: 'i32' };
  if (name === 'select') {
    const type = first!.type === 'abstract-int' || first!.type === 'abstract-float' ? second!.type : first!.type;
    return { code: `choose(${first!.code}, ${second!.code}, ${third!.code})`, type };
  }
  const rule = FUNCTIONS[name];
  if (rule === undefined) throw new Error(`the function ${name} is unknown here`);
  const element = given.map(({ type }) => elementOf(type)).find((type) => !type.startsWith('abstract')) ?? 'f32';
  const length = Math.max(...given.map(({ type }) => lengthOf(type)));
  const rounded = (code: string): string => (element === 'f32' ? `Math.fround(${code})` : wrapped(code, element));
  if (length === 1) return { code: rounded(rule(...given.map(({ code }) => code))), type: element };
  const names = ['a', 'b', 'c'].slice(0, given.length);
  const parts = given.map(({ type }, k) => (isVector(type) ? `${names[k]!}[k]` : names[k]!));
  return {
    code: `((${names.join(', ')}) => Array.from({ length: ${length} }, (_, k) => ${rounded(rule(...parts))}))(${given.map(({ code }) => code).join(', ')})`,
    type: vectorOf(element, length),
  };
}
