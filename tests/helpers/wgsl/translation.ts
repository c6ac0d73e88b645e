/**
 * WGSL, as far as this project's kernels use it, as JavaScript that runs one invocation at a time and leaves every access to shared memory to
 * machine.ts. A function that waits for others (barriers, shuffles) becomes a generator. Arithmetic is WGSL's: floats of 32 bits,
 * integers that wrap. What it does not know it refuses.
 */
import {
  arithmetic,
  builtin,
  concrete,
  copied,
  elementOf,
  isVector,
  lengthOf,
  nameOf,
  number,
  vectorOf,
  wrapped,
  type Type,
  type Value,
} from './arithmetic.ts';
import { indexed, shared, sizeOf, type Place, type Struct } from './place.ts';
import { Tokens } from './tokens.ts';

export interface Global {
  readonly name: string;
  readonly space: 'uniform' | 'storage' | 'workgroup';
  readonly writable: boolean;
  readonly binding: number | null;
  readonly kind: 'f32' | 'u32';
  /** Numbers in it; null: as many as are bound. */
  readonly size: number | null;
}

export interface Translation {
  /** Body of a function of (tid, group, groups, memory, wait): the generator of an invocation. `memory.NAME`: what a global is. */
  readonly body: string;
  readonly globals: readonly Global[];
  readonly workgroupSize: number;
}

interface Routine {
  readonly parameters: readonly { readonly name: string; readonly type: Type; readonly builtin: string | null }[];
  readonly result: Type;
  readonly waits: boolean;
}

const PRECEDENCE = [['||'], ['&&'], ['|'], ['^'], ['&'], ['==', '!='], ['<', '>', '<=', '>='], ['<<', '>>'], ['+', '-'], ['*', '/', '%']];
const LETTERS = 'xyzw';
const WAITING = ['workgroupBarrier', 'storageBarrier', 'workgroupUniformLoad', 'subgroupShuffleXor'];
export function translate(source: string): Translation {
  return new Translator(source).module();
}

class Translator extends Tokens {
  private readonly globals = new Map<string, Global & { readonly type: Type }>();
  private readonly structs = new Map<string, Struct>();
  private readonly routines = new Map<string, Routine>();
  /** Names in scope, innermost last. */
  private readonly scopes: Map<string, Type>[] = [new Map<string, Type>()];
  private workgroupSize = 0;

  constructor(source: string) {
    super(source);
    this.signatures();
  }

  module(): Translation {
    const parts: string[] = [];
    let attributes: string[][] = [];
    while (this.at < this.tokens.length) {
      if (this.take('@')) {
        attributes.push(this.attribute());
        continue;
      }
      if (this.take('enable')) this.skipTo(';');
      else if (this.take('struct')) this.struct();
      else if (this.peek() === 'const') parts.push(this.declaration());
      else if (this.take('var')) parts.push(this.global(attributes));
      else if (this.take('fn')) {
        const size = attributes.find(([name]) => name === 'workgroup_size');
        if (size !== undefined) this.workgroupSize = Number(size[1]!.replace('u', ''));
        parts.push(this.routine());
      } else throw this.error('a declaration');
      attributes = [];
    }
    // constants are used before they are declared
    const hoisted = parts.toSorted((a, b) => Number(b.startsWith('const ')) - Number(a.startsWith('const ')));
    return {
      body: `'use strict'; const { ${[...this.globals.keys()].map((name) => `${name}$`).join(', ')} } = memory;\n${hoisted.join('\n')}\nreturn main$(tid, group, groups);`,
      globals: [...this.globals.values()],
      workgroupSize: this.workgroupSize,
    };
  }

  // Declarations

  /** Types of functions, module constants and structs are known before bodies are read. */
  private signatures(): void {
    const bodies = new Map<string, string[]>();
    for (let i = 0; i < this.tokens.length; i++) {
      if (this.tokens[i] !== 'fn') continue;
      this.at = i + 1;
      const name = this.next();
      const parameters = this.parameters();
      const result = this.take('->') ? this.type() : 'void';
      const from = this.at;
      this.balanced();
      bodies.set(name, this.tokens.slice(from, this.at));
      this.routines.set(name, { parameters, result, waits: false });
    }
    for (let changed = true; changed;) {
      changed = false;
      for (const [name, body] of bodies) {
        const routine = this.routines.get(name)!;
        const waits = body.some((token) => WAITING.includes(token) || this.routines.get(token)?.waits === true);
        if (waits === routine.waits) continue;
        this.routines.set(name, { ...routine, waits });
        changed = true;
      }
    }
    this.at = 0;
    for (let depth = 0, i = 0; i < this.tokens.length; i++) {
      if (this.tokens[i] === '{') depth += 1;
      if (this.tokens[i] === '}') depth -= 1;
      if (depth > 0 || this.tokens[i] !== 'const') continue;
      this.at = i;
      this.declaration();
    }
    this.at = 0;
  }

  private attribute(): string[] {
    const name = this.next();
    const inside: string[] = [];
    if (this.take('(')) while (!this.take(')')) inside.push(this.next());
    return [name, ...inside];
  }

  private parameters(): Routine['parameters'] {
    const parameters: { name: string; type: Type; builtin: string | null }[] = [];
    this.expect('(');
    while (!this.take(')')) {
      let builtin: string | null = null;
      while (this.take('@')) builtin = this.attribute()[1] ?? null;
      const name = this.next();
      this.expect(':');
      parameters.push({ name, type: this.type(), builtin });
      this.take(',');
    }
    return parameters;
  }

  private type(): Type {
    const name = this.next();
    if (name !== 'array') return name;
    this.expect('<');
    const of = this.type();
    const count = this.take(',') ? Number(this.next().replace('u', '')) : null;
    this.expect('>');
    return { of, count };
  }

  private struct(): void {
    const name = this.next();
    const fields: { name: string; type: Type }[] = [];
    this.expect('{');
    while (!this.take('}')) {
      const field = this.next();
      this.expect(':');
      fields.push({ name: field, type: this.type() });
      this.take(',');
    }
    this.structs.set(name, { fields });
  }

  private global(attributes: readonly string[][]): string {
    this.expect('<');
    const space = this.next();
    const access = this.take(',') ? this.next() : '';
    this.expect('>');
    const name = this.next();
    this.expect(':');
    const type = this.type();
    if (space === 'private') {
      this.scopes[0]!.set(name, type);
      const value = this.take('=') ? this.expression().code : this.zero(type);
      this.expect(';');
      return `let ${name}$ = ${value};`;
    }
    this.expect(';');
    if (space !== 'uniform' && space !== 'storage' && space !== 'workgroup') throw new Error(`the address space ${space} is unknown here`);
    const element = typeof type === 'string' ? (this.structs.has(type) ? 'f32' : elementOf(type)) : elementOf(type.of);
    const binding = attributes.find(([attribute]) => attribute === 'binding')?.[1];
    this.globals.set(name, {
      name,
      space,
      type,
      writable: space === 'workgroup' || access === 'read_write',
      binding: binding === undefined ? null : Number(binding),
      kind: element === 'f32' ? 'f32' : 'u32',
      size: space === 'workgroup' ? sizeOf(type) : null,
    });
    return '';
  }

  private routine(): string {
    const name = this.next();
    const { parameters, result, waits } = this.routines.get(name)!;
    this.parameters();
    if (this.take('->')) this.type();
    this.scopes.push(new Map(parameters.map((parameter) => [parameter.name, parameter.type])));
    const entry = parameters.some(({ builtin }) => builtin !== null);
    const order = ['local_invocation_index', 'workgroup_id', 'num_workgroups'];
    const names = entry ? order.map((which) => parameters.find(({ builtin }) => builtin === which)!.name) : parameters.map((p) => p.name);
    const body = this.block(result);
    this.scopes.pop();
    return `function${waits || entry ? '*' : ''} ${name}$(${names.map((parameter) => `${parameter}$`).join(', ')}) ${body}`;
  }

  private zero(type: Type): string {
    if (typeof type !== 'string') return `Array.from({ length: ${type.count!} }, () => ${this.zero(type.of)})`;
    if (isVector(type)) return `[${Array.from({ length: lengthOf(type) }, () => '0').join(', ')}]`;
    const struct = this.structs.get(type);
    if (struct !== undefined) return `{ ${struct.fields.map((field) => `${field.name}: ${this.zero(field.type)}`).join(', ')} }`;
    return type === 'bool' ? 'false' : '0';
  }

  // Statements

  private result: Type = 'void';

  private block(result: Type = this.result): string {
    const outer = this.result;
    this.result = result;
    this.expect('{');
    this.scopes.push(new Map());
    const lines: string[] = [];
    while (!this.take('}')) lines.push(this.statement());
    this.scopes.pop();
    this.result = outer;
    return `{ ${lines.join('\n')} }`;
  }

  private statement(): string {
    switch (this.peek()) {
      case '{':
        return this.block();
      case ';':
        return this.next();
      case 'if':
        return this.branch();
      case 'for':
        return this.counting();
      case 'loop':
        this.next();
        return `for (;;) ${this.block()}`;
      case 'while': {
        this.next();
        return `while (${this.expression().code}) ${this.block()}`;
      }
      case 'let':
      case 'const':
      case 'var':
        return this.declaration();
      case 'return': {
        this.next();
        const value = this.peek() === ';' ? '' : this.converted(this.expression(), this.result);
        this.expect(';');
        return `return ${value};`;
      }
      case 'break':
      case 'continue': {
        const word = this.next();
        this.expect(';');
        return `${word};`;
      }
      default: {
        const line = this.action();
        this.expect(';');
        return `${line};`;
      }
    }
  }

  private branch(): string {
    this.expect('if');
    const condition = this.expression().code;
    const then = this.block();
    if (!this.take('else')) return `if (${condition}) ${then}`;
    return `if (${condition}) ${then} else ${this.peek() === 'if' ? this.branch() : this.block()}`;
  }

  private counting(): string {
    this.expect('for');
    this.expect('(');
    this.scopes.push(new Map());
    const begin = this.declaration();
    const condition = this.expression().code;
    this.expect(';');
    const step = this.action();
    this.expect(')');
    const body = this.block();
    this.scopes.pop();
    return `for (${begin} ${condition}; ${step}) ${body}`;
  }

  private declaration(): string {
    const word = this.next();
    const name = this.next();
    let type: Type | null = this.take(':') ? this.type() : null;
    let code = type === null ? '' : this.zero(type);
    if (this.take('=')) {
      const value = this.expression();
      type ??= concrete(value.type);
      code = this.converted(value, type);
    }
    this.expect(';');
    this.scopes.at(-1)!.set(name, type!);
    return `${word === 'var' ? 'let' : 'const'} ${name}$ = ${word === 'var' ? copied(code, type!) : code};`;
  }

  /** An assignment, an increment or a call. */
  private action(): string {
    const from = this.at;
    const target = this.postfix();
    const operator = this.peek();
    if (operator === '++' || operator === '--') {
      this.next();
      return this.assign(target, arithmetic(operator[0]!, target.value, { code: '1', type: 'abstract-int' }).code);
    }
    if (operator === '=') {
      this.next();
      return this.assign(target, copied(this.converted(this.expression(), target.value.type), target.value.type));
    }
    if (operator.length === 2 && operator.endsWith('=')) {
      this.next();
      return this.assign(target, arithmetic(operator[0]!, target.value, this.expression()).code);
    }
    if (target.store !== null) throw new Error(`an action is unknown here: ${this.tokens.slice(from, this.at + 5).join(' ')}`);
    return target.value.code;
  }

  private assign(target: Place, code: string): string {
    if (target.store === null) throw new Error(`nothing can be assigned to ${target.value.code}`);
    return target.store(code);
  }

  // Expressions

  private expression(level = 0): Value {
    if (level === PRECEDENCE.length) return this.unary();
    let left = this.expression(level + 1);
    while (PRECEDENCE[level]!.includes(this.peek())) {
      const operator = this.next();
      left = arithmetic(operator, left, this.expression(level + 1));
    }
    return left;
  }

  private unary(): Value {
    if (this.take('-')) {
      const { code, type } = this.unary();
      return isVector(type) ? { code: `${code}.map((a) => -a)`, type } : { code: type === 'i32' ? `(-${code} | 0)` : `(-${code})`, type };
    }
    if (this.take('!')) return { code: `(!${this.unary().code})`, type: 'bool' };
    if (this.take('~')) {
      const { code, type } = this.unary();
      return { code: wrapped(`~${code}`, type), type };
    }
    return this.postfix().value;
  }

  private postfix(): Place {
    let place = this.primary();
    for (;;) {
      if (this.take('.')) place = this.member(place, this.next());
      else if (this.take('[')) {
        const index = this.expression().code;
        this.expect(']');
        place = indexed(place, index);
      } else return place;
    }
  }

  private member(place: Place, name: string): Place {
    const { code, type } = place.value;
    if (typeof type === 'string' && this.structs.has(type)) {
      const fields = this.structs.get(type)!.fields;
      const k = fields.findIndex((field) => field.name === name);
      const field = fields[k]!;
      if (place.shared !== null)
        return { value: { code: `${code}.read(${k}, '${nameOf(field.type)}')`, type: field.type }, store: null, shared: null };
      return { value: { code: `${code}.${name}`, type: field.type }, store: (value) => `${code}.${name} = ${value}`, shared: null };
    }
    if (!isVector(type)) throw new Error(`nothing is known of .${name}`);
    const places = name.split('').map((letter) => LETTERS.indexOf(letter));
    if (places.length === 1) return indexed(place, String(places[0]!));
    return {
      value: { code: `pick(${code}, ${places.join(', ')})`, type: vectorOf(elementOf(type), places.length) },
      store: null,
      shared: null,
    };
  }

  private primary(): Place {
    const token = this.next();
    if (token === '(') {
      const value = this.expression();
      this.expect(')');
      return { value: { ...value, code: `(${value.code})` }, store: null, shared: null };
    }
    if (/^[\d.]/.test(token)) return { value: number(token), store: null, shared: null };
    if (token === 'true' || token === 'false') return { value: { code: token, type: 'bool' }, store: null, shared: null };
    if (token === 'bitcast') {
      this.expect('<');
      const type = this.type();
      this.expect('>');
      const [value] = this.operands();
      return { value: { code: `bits('${elementOf(value!.type)}', '${nameOf(type)}', ${value!.code})`, type }, store: null, shared: null };
    }
    if (token === 'array') {
      this.at -= 1;
      const type = this.type();
      return {
        value: {
          code: `[${this.operands()
            .map(({ code }) => code)
            .join(', ')}]`,
          type,
        },
        store: null,
        shared: null,
      };
    }
    if (this.peek() === '(') return { value: this.call(token), store: null, shared: null };
    const type = this.scopes.findLast((scope) => scope.has(token))?.get(token);
    const global = this.globals.get(token);
    if (type === undefined && global !== undefined) return shared(`${token}$`, global.type, this.structs);
    if (type === undefined) throw new Error(`${token} is not declared, before "${this.tokens.slice(this.at, this.at + 8).join(' ')}"`);
    return { value: { code: `${token}$`, type }, store: (code) => `${token}$ = ${code}`, shared: null };
  }

  private operands(): Value[] {
    const operands: Value[] = [];
    this.expect('(');
    while (!this.take(')')) {
      this.take('&');
      operands.push(this.expression());
      this.take(',');
    }
    return operands;
  }

  private call(name: string): Value {
    if (name === 'workgroupUniformLoad') {
      const [value] = this.operands();
      return { code: `(yield* wait.uniformly(${this.at}, () => ${value!.code}))`, type: value!.type };
    }
    const given = this.operands();
    const routine = this.routines.get(name);
    if (routine !== undefined) {
      const code = given.map((value, k) => copied(this.converted(value, routine.parameters[k]!.type), routine.parameters[k]!.type));
      return { code: `(${routine.waits ? 'yield* ' : ''}${name}$(${code.join(', ')}))`, type: routine.result };
    }
    const struct = this.structs.get(name);
    if (struct !== undefined) {
      const fields = struct.fields.map((field, k) => `${field.name}: ${copied(this.converted(given[k]!, field.type), field.type)}`);
      return { code: `({ ${fields.join(', ')} })`, type: name };
    }
    if (WAITING.includes(name)) {
      if (name !== 'subgroupShuffleXor') return { code: `(yield* wait.${name}(${this.at}))`, type: 'void' };
      return { code: `(yield* wait.shuffle(${this.at}, ${given.map(({ code }) => code).join(', ')}))`, type: given[0]!.type };
    }
    return builtin(name, given);
  }

  private converted({ code, type }: Value, to: Type): string {
    if (type === to || typeof to !== 'string' || typeof type !== 'string') return code;
    if (type === 'abstract-int' || (type === 'abstract-float' && to === 'f32')) return to === 'f32' ? `Math.fround(${code})` : code;
    throw new Error(`${type} given where ${to} is wanted: ${code}`);
  }
}
