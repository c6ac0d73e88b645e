/**
 * Reads one equation into an expression tree with the place of every part. mathjs gives the parse tree and its precedence rules;
 * nothing is compiled or evaluated. What is let through is + - * / ^, parentheses, numbers, names and the functions below.
 *
 * mathjs' nodes know no positions. A tokenizer of our own sees the text first: it refuses every character outside the grammar (so no
 * strings, accessors, ranges, assignments, ternaries, blocks, factorials reach the parser), and its tokens come in the same order as
 * an in-order walk of the tree, which gives each part its place and proves that both read the same text.
 */
import type { MathNode } from 'mathjs';
import { didYouMean } from '../../schemas/wording.ts';
import { isConstantNode, isFunctionNode, isOperatorNode, isParenthesisNode, isSymbolNode, parse } from './mathjs.ts';

export const FUNCTIONS = ['exp', 'log', 'sqrt', 'tanh', 'sinh', 'cosh', 'exprel'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** `at` is the offset in the text, in UTF-16 units: of the operator, the name or the number. */
export type Expression =
  | { readonly kind: 'number'; readonly at: number; readonly value: number }
  | { readonly kind: 'name'; readonly at: number; readonly name: string }
  | { readonly kind: 'negation'; readonly at: number; readonly operand: Expression }
  | { readonly kind: 'operation'; readonly at: number; readonly operator: Operator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'call'; readonly at: number; readonly function: FunctionName; readonly argument: Expression };

export type Operator = '+' | '-' | '*' | '/' | '^';

/** A broken rule of the grammar, and where in the text. */
export interface Problem {
  readonly at: number;
  readonly rule: string;
  readonly got?: string;
  readonly remedy?: string;
}

export type ParsedEquation =
  { readonly kind: 'equation'; readonly expression: Expression } | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** Words that mathjs reads as operators or constants: no model may take them for names. */
export const WORD_OPERATORS: readonly string[] = [
  'to',
  'in',
  'mod',
  'and',
  'or',
  'not',
  'xor',
  'end',
  'true',
  'false',
  'null',
  'undefined',
  'NaN',
  'Infinity',
];

const LONGEST = 4000;

/** Every problem of the text at once, or its tree. */
export function parseEquation(text: string): ParsedEquation {
  if (text.length > LONGEST) return refused([{ at: 0, rule: `must have at most ${LONGEST} characters`, got: String(text.length) }]);
  const { tokens, problems } = tokenize(text);
  if (problems.length > 0) return refused(problems);
  const walk: Walk = { tokens, position: 0, problems: [] };
  try {
    const expression = expressionOf(parse(text.replaceAll(/\s/g, ' ')), walk);
    if (walk.problems.length > 0) return refused(walk.problems);
    if (walk.position < tokens.length) return refused([{ at: atToken(walk), rule: 'must be one expression', got: textAt(walk) }]);
    return { kind: 'equation', expression };
  } catch (error) {
    return refused([...walk.problems, parseProblem(error, text)]);
  }
}

/** The number that an expression without names and functions stands for. */
export function constantValue(expression: Expression): number | undefined {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'negation': {
      const value = constantValue(expression.operand);
      return value === undefined ? undefined : -value;
    }
    case 'operation': {
      const left = constantValue(expression.left);
      const right = constantValue(expression.right);
      return left === undefined || right === undefined ? undefined : operate(expression.operator, left, right);
    }
    default:
      return undefined;
  }
}

/** Every name that an expression mentions, with its place, in the order of the text. */
export function namesOf(expression: Expression): { readonly name: string; readonly at: number }[] {
  switch (expression.kind) {
    case 'number':
      return [];
    case 'name':
      return [{ name: expression.name, at: expression.at }];
    case 'negation':
      return namesOf(expression.operand);
    case 'operation':
      return [...namesOf(expression.left), ...namesOf(expression.right)];
    case 'call':
      return namesOf(expression.argument);
    default:
      return expression satisfies never;
  }
}

/** "Did you mean X?" as the remedy of a violation, where a known word is near. */
export function suggestion(word: string, known: readonly string[]): { readonly remedy?: string } {
  const remedy = didYouMean(word, known);
  return remedy === undefined ? {} : { remedy };
}

function refused(problems: readonly Problem[]): ParsedEquation {
  return { kind: 'refused', problems };
}

function operate(operator: Operator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '^':
      return left ** right;
    default:
      return operator satisfies never;
  }
}

interface Token {
  readonly kind: 'number' | 'name' | 'symbol';
  readonly text: string;
  readonly at: number;
}

const TOKEN =
  /(?<space>\s+)|(?<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_]\w*)|(?<symbol>[-+*/^(),])|(?<other>[^\s\w+\-*/^(),]+)/gu;

function tokenize(text: string): { tokens: Token[]; problems: Problem[] } {
  const tokens: Token[] = [];
  const problems: Problem[] = [];
  for (const match of text.matchAll(TOKEN)) {
    const { number, name, symbol, other } = match.groups ?? {};
    const at = match.index;
    const before = tokens.at(-1);
    if (other !== undefined)
      problems.push({
        at,
        rule: 'must be made of numbers, names, + - * / ^, parentheses and known functions',
        got: JSON.stringify(other),
      });
    else if (name !== undefined && before?.kind === 'number' && before.at + before.text.length === at)
      problems.push({
        at,
        rule: 'must write multiplication with *',
        got: `${before.text}${name}`,
        remedy: `Write ${before.text} * ${name}.`,
      });
    if (number !== undefined) tokens.push({ kind: 'number', text: number, at });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name, at });
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol, at });
  }
  return { tokens, problems };
}

/** What the walk reads of mathjs' OperatorNode, whose own type ties `op` to `fn`. */
interface Operation {
  readonly op: string;
  readonly implicit: boolean;
  readonly args: readonly MathNode[];
}

/** The tokens not yet met by the walk of the tree. */
interface Walk {
  readonly tokens: readonly Token[];
  position: number;
  readonly problems: Problem[];
}

function atToken(walk: Walk): number {
  const last = walk.tokens.at(-1);
  return walk.tokens[walk.position]?.at ?? (last === undefined ? 0 : last.at + last.text.length);
}

function textAt(walk: Walk): string {
  return walk.tokens[walk.position]?.text ?? 'the end of the equation';
}

/** Step over the token that the tree says comes next. */
function take(walk: Walk, expected: string): number {
  const token = walk.tokens[walk.position];
  if (token?.text !== expected) throw new Mismatch(atToken(walk));
  walk.position += 1;
  return token.at;
}

/** Tree and tokens disagree: the parser understood the text in a way that the grammar does not have. */
class Mismatch extends Error {
  readonly at: number;
  constructor(at: number) {
    super('must be readable as arithmetic');
    this.at = at;
  }
}

function expressionOf(node: MathNode, walk: Walk): Expression {
  if (isParenthesisNode(node)) {
    take(walk, '(');
    const inner = expressionOf(node.content, walk);
    take(walk, ')');
    return inner;
  }
  if (isConstantNode(node)) return numberOf(walk);
  if (isSymbolNode(node)) return { kind: 'name', name: node.name, at: take(walk, node.name) };
  if (isFunctionNode(node)) return callOf(node.fn, node.args, walk);
  if (isOperatorNode(node)) return node.args.length === 1 ? negationOf(node, walk) : operationOf(node, walk);
  throw new Mismatch(atToken(walk));
}

function numberOf(walk: Walk): Expression {
  const token = walk.tokens[walk.position];
  if (token === undefined) throw new Mismatch(atToken(walk));
  walk.position += 1;
  const value = Number(token.text);
  if (token.kind !== 'number' || !Number.isFinite(value))
    walk.problems.push({ at: token.at, rule: 'must be a finite number in decimal digits', got: token.text });
  return { kind: 'number', value, at: token.at };
}

function callOf(callee: MathNode, args: readonly MathNode[], walk: Walk): Expression {
  if (!isSymbolNode(callee)) throw new Mismatch(atToken(walk));
  const at = take(walk, callee.name);
  const known = FUNCTIONS.find((name) => name === callee.name);
  if (known === undefined) walk.problems.push(unknownFunction(callee.name, at));
  else if (args.length !== 1) walk.problems.push({ at, rule: `must give ${known} one argument`, got: String(args.length) });
  take(walk, '(');
  const operands = args.map((argument, index) => {
    if (index > 0) take(walk, ',');
    return expressionOf(argument, walk);
  });
  take(walk, ')');
  return { kind: 'call', at, function: known ?? 'exp', argument: operands[0] ?? { kind: 'number', at, value: Number.NaN } };
}

function unknownFunction(name: string, at: number): Problem {
  return { at, rule: `must be a known function: ${FUNCTIONS.join(', ')}`, got: name, ...suggestion(name, FUNCTIONS) };
}

function negationOf(node: Operation, walk: Walk): Expression {
  const [argument] = node.args;
  if (argument === undefined) throw new Mismatch(atToken(walk));
  const at = take(walk, node.op);
  if (node.op !== '-') walk.problems.push({ at, rule: 'must have no sign before a term but -', got: node.op });
  return { kind: 'negation', at, operand: expressionOf(argument, walk) };
}

function operationOf(node: Operation, walk: Walk): Expression {
  const [first, second] = node.args;
  if (first === undefined || second === undefined || node.args.length !== 2) throw new Mismatch(atToken(walk));
  const left = expressionOf(first, walk);
  if (node.implicit) {
    walk.problems.push({ at: atToken(walk), rule: 'must write multiplication with *', got: textAt(walk) });
    return { kind: 'operation', at: atToken(walk), operator: '*', left, right: expressionOf(second, walk) };
  }
  const at = take(walk, node.op);
  const operator = (['+', '-', '*', '/', '^'] as const).find((known) => known === node.op);
  if (operator === undefined) walk.problems.push({ at, rule: 'must be one of the operators + - * / ^', got: node.op });
  return { kind: 'operation', at, operator: operator ?? '*', left, right: expressionOf(second, walk) };
}

function parseProblem(error: unknown, text: string): Problem {
  if (error instanceof Mismatch) return { at: error.at, rule: error.message };
  if (error instanceof RangeError) return { at: 0, rule: 'must not be nested this deeply' };
  if (!(error instanceof SyntaxError)) throw error;
  // mathjs counts characters from 1 and puts the position on its syntax errors.
  const char = 'char' in error && typeof error.char === 'number' ? error.char - 1 : 0;
  return { at: Math.min(char, text.length), rule: 'must be readable as arithmetic', got: error.message.replace(/ \(char \d+\)$/, '') };
}
