/** Expression trees as text of another language, with no more parentheses than needed. */
import type { Expression } from '../models/equation.ts';

interface Dialect {
  readonly power: string;
  readonly name: (name: string) => string;
  readonly call: (name: string, argument: string) => string;
}

/** Binding: a sum, a product, a sign, a power, and what needs no parentheses. */
const SUM = 1;
const PRODUCT = 2;
const SIGN = 3;
const POWER = 4;
const ATOM = 5;

export function expressionText(expression: Expression, dialect: Dialect): string {
  return write(expression, dialect).text;
}

interface Written {
  readonly text: string;
  readonly binding: number;
}

function write(expression: Expression, dialect: Dialect): Written {
  switch (expression.kind) {
    case 'number':
      return { text: String(expression.value), binding: ATOM };
    case 'name': {
      const text = dialect.name(expression.name);
      return { text, binding: /^[\w.]+$/.test(text) || /^\(.*\)$/.test(text) ? ATOM : SUM };
    }
    case 'negation':
      return { text: `-${within(write(expression.operand, dialect), POWER)}`, binding: SIGN };
    case 'call':
      return { text: dialect.call(expression.function, write(expression.argument, dialect).text), binding: ATOM };
    case 'operation': {
      const left = write(expression.left, dialect);
      const right = write(expression.right, dialect);
      switch (expression.operator) {
        case '+':
        case '-':
          return { text: `${within(left, SUM)} ${expression.operator} ${within(right, PRODUCT)}`, binding: SUM };
        case '*':
        case '/':
          return { text: `${within(left, PRODUCT)} ${expression.operator} ${within(right, SIGN)}`, binding: PRODUCT };
        case '^':
          return { text: `${within(left, ATOM)}${dialect.power}${within(right, ATOM)}`, binding: POWER };
        default:
          return expression.operator satisfies never;
      }
    }
    default:
      return expression satisfies never;
  }
}

function within({ text, binding }: Written, least: number): string {
  return binding >= least ? text : `(${text})`;
}
