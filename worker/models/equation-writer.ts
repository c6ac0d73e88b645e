/** Writes expression trees into a graph. Definitions (functions, currents) are written where they are first mentioned, once. */
import { constantValue } from './equation.ts';
import type { Expression } from './equation.ts';
import { add, constant, constantOf, div, mul, neg, power, sub, unary } from './graph.ts';
import type { Graph, Node } from './graph.ts';

/** What a name stands for: a node, or another expression. */
export type Meaning = { readonly kind: 'node'; readonly node: Node } | { readonly kind: 'definition'; readonly expression: Expression };

/** Definitions must not depend on themselves: definitions.ts has made sure. */
export function createEquationWriter(graph: Graph, meaning: (name: string) => Meaning): (expression: Expression) => Node {
  const written = new Map<string, Node>();
  const nodeOfName = (name: string): Node => {
    const known = written.get(name);
    if (known !== undefined) return known;
    const meant = meaning(name);
    const node = meant.kind === 'node' ? meant.node : write(meant.expression);
    written.set(name, node);
    return node;
  };
  const write = (expression: Expression): Node => {
    switch (expression.kind) {
      case 'number':
        return constant(graph, expression.value);
      case 'name':
        return nodeOfName(expression.name);
      case 'negation':
        return neg(graph, write(expression.operand));
      case 'call':
        return unary(graph, expression.function, write(expression.argument));
      case 'operation': {
        const exponent = expression.operator === '^' ? constantValue(expression.right) : undefined;
        const left = write(expression.left);
        if (exponent !== undefined) return constantPower(graph, left, exponent);
        return operation(graph, expression.operator, left, write(expression.right));
      }
      default:
        return expression satisfies never;
    }
  };
  return write;
}

function operation(graph: Graph, operator: Extract<Expression, { kind: 'operation' }>['operator'], left: Node, right: Node): Node {
  switch (operator) {
    case '+':
      return add(graph, left, right);
    case '-':
      return sub(graph, left, right);
    case '*':
      return mul(graph, left, right);
    case '/':
      return div(graph, left, right);
    case '^': {
      // Through the logarithm of a positive base; an exponent that folds to a number is a plain power.
      const exponent = constantOf(graph, right);
      return exponent === undefined ? throughLogarithm(graph, left, right) : constantPower(graph, left, exponent);
    }
    default:
      return operator satisfies never;
  }
}

function constantPower(graph: Graph, base: Node, exponent: number): Node {
  if (Number.isInteger(exponent)) return power(graph, base, exponent);
  return exponent === 0.5 ? unary(graph, 'sqrt', base) : throughLogarithm(graph, base, constant(graph, exponent));
}

function throughLogarithm(graph: Graph, base: Node, exponent: Node): Node {
  return unary(graph, 'exp', mul(graph, exponent, unary(graph, 'log', base)));
}
