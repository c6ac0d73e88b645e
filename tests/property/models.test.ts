import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LoligoError } from '../../schemas/errors.ts';
import { compileModel } from '../../worker/models/compile.ts';
import { parseEquation } from '../../worker/models/equation.ts';
import { createEquationWriter } from '../../worker/models/equation-writer.ts';
import { createGraph, emit, input } from '../../worker/models/graph.ts';
import { createScalar } from '../../worker/models/interpret.ts';
import { loadModel } from '../../worker/models/library.ts';
import type { Program } from '../../worker/models/program.ts';
import { SOUND_MODEL } from '../helpers/model-text.ts';

type Values = Readonly<Record<string, number>>;

function evaluate(program: Program, values: Values): Record<string, number> {
  const outputs = new Float64Array(program.outputs.length);
  createScalar(program, Object.keys(values))(Float64Array.from(Object.values(values)), outputs);
  return Object.fromEntries(program.outputs.map(({ name }, index) => [name, outputs[index]!]));
}

/** x / (1 - exp(-x)), as textbooks write it, away from 0. */
const linoid = (x: number): number => x / -Math.expm1(-x);

interface Rates {
  readonly alpha: number;
  readonly beta: number;
}

/** Rates per ms as the papers print them, not as the model files write them. */
function squidRates(V: number): Record<string, Rates> {
  const v = V + 65;
  return {
    m: { alpha: (0.1 * (v - 25)) / -Math.expm1((25 - v) / 10), beta: 4 * Math.exp(-v / 18) },
    h: { alpha: 0.07 * Math.exp(-v / 20), beta: 1 / (Math.exp((30 - v) / 10) + 1) },
    n: { alpha: (0.01 * (v - 10)) / -Math.expm1((10 - v) / 10), beta: 0.125 * Math.exp(-v / 80) },
  };
}

function corticalRates(V: number, VT: number, taumax: number): Record<string, Rates> {
  const v = V - VT;
  const tau = taumax / (3.3 * Math.exp((V + 35) / 20) + Math.exp(-(V + 35) / 20));
  const steady = 1 / (1 + Math.exp(-(V + 35) / 10));
  return {
    m: { alpha: 0.32 * 4 * linoid((v - 13) / 4), beta: (0.28 * (v - 40)) / Math.expm1((v - 40) / 5) },
    h: { alpha: 0.128 * Math.exp((17 - v) / 18), beta: 4 / (1 + Math.exp((40 - v) / 5)) },
    n: { alpha: 0.032 * 5 * linoid((v - 15) / 5), beta: 0.5 * Math.exp((10 - v) / 40) },
    p: { alpha: steady / tau, beta: (1 - steady) / tau },
  };
}

const CASES = [
  {
    name: 'hodgkin-huxley',
    rates: (at: Values) => squidRates(at['V']!),
    ionic: (at: Values) =>
      at['gNa']! * at['m']! ** 3 * at['h']! * (at['V']! - at['ENa']!) +
      at['gK']! * at['n']! ** 4 * (at['V']! - at['EK']!) +
      at['gL']! * (at['V']! - at['EL']!),
    c0: 1,
    poles: [-40, -55],
  },
  {
    name: 'pospischil-rs',
    rates: (at: Values) => corticalRates(at['V']!, at['VT']!, at['taumax']!),
    ionic: (at: Values) =>
      at['gNa']! * at['m']! ** 3 * at['h']! * (at['V']! - at['ENa']!) +
      (at['gK']! * at['n']! ** 4 + at['gM']! * at['p']!) * (at['V']! - at['EK']!) +
      at['gL']! * (at['V']! - at['EL']!),
    c0: 118.4,
    poles: [],
  },
] as const;

describe.each(CASES)('$name', ({ name, rates, ionic, c0, poles }) => {
  const { model } = loadModel(name, '.');
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  const slope = fc.double({ min: -50, max: 50, noNaN: true });
  const points = fc.record({
    V: fc.double({ min: -110, max: 60, noNaN: true }),
    I: fc.double({ min: -200, max: 200, noNaN: true }),
    'd:V': slope,
    ...Object.fromEntries(
      model.gates.flatMap(
        (gate) =>
          [
            [gate.name, unit],
            [`d:${gate.name}`, slope],
          ] as const,
      ),
    ),
    ...Object.fromEntries(
      model.parameters.map(
        (parameter) => [parameter.name, fc.double({ min: parameter.range[0], max: parameter.range[1], noNaN: true })] as const,
      ),
    ),
  });
  /** The textbook form is 0/0 near its poles: it loses digits there, the programs do not. */
  const awayFromPoles = (at: Values): boolean => {
    const near = name === 'pospischil-rs' ? [13, 15, 40].map((shift) => at['VT']! + shift) : poles;
    return near.every((pole) => Math.abs(at['V']! - pole) > 1e-3);
  };

  test('programs equal the formulas of the paper, written by hand', () => {
    fc.assert(
      fc.property(points.filter(awayFromPoles), (at: Values) => {
        const derivatives = evaluate(model.derivatives, at);
        const residual = evaluate(model.currentResidual, at)['residual:V']!;
        const gateResiduals = evaluate(model.gateResiduals, at);
        const kinetics = evaluate(model.gateRates, at);
        // Sums of terms of either sign: 1e-12 of the largest term.
        const close = (a: number, b: number, scale: number): void =>
          expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-12 * (Math.abs(b) + scale));
        const current = ionic(at);
        const size = Math.abs(current) + (at['gNa']! + at['gK']! + at['gL']! + (at['gM'] ?? 0)) * 200;
        close(derivatives['d:V']!, (at['I']! - current) / at['C']!, size / at['C']!);
        close(residual, (at['C']! * at['d:V']! - at['I']! + current) / c0, size / c0);
        for (const [gate, { alpha, beta }] of Object.entries(rates(at))) {
          const rate = alpha + beta;
          const dx = alpha * (1 - at[gate]!) - beta * at[gate]!;
          close(kinetics[`rate:${gate}`]!, rate, 0);
          close(kinetics[`inf:${gate}`]!, alpha / rate, 0);
          close(derivatives[`d:${gate}`]!, dx, rate);
          close(gateResiduals[`residual:${gate}`]!, (at[`d:${gate}`]! - dx) / Math.sqrt(rate), (rate + 50) / Math.sqrt(rate));
        }
      }),
    );
  });

  test('programs are smooth where textbook rates are 0/0', () => {
    const base: Values = { VT: -56.2, taumax: 608 };
    for (const pole of name === 'pospischil-rs' ? [-43.2, -41.2, -16.2] : poles) {
      const at = evaluate(model.gateRates, { ...base, V: pole });
      const near = evaluate(model.gateRates, { ...base, V: pole + 1e-9 });
      for (const key of Object.keys(at)) expect(Math.abs(near[key]! / at[key]! - 1)).toBeLessThan(1e-8);
    }
  });
});

/**
 * A random equation as text, its value, and a bound on the size that rounding errors are relative to: nothing in it is near a pole,
 * so that folding and sharing, which change the order of operations, change the value by rounding only.
 */
interface Sample {
  readonly text: string;
  readonly of: (x: number, y: number) => Sized;
}

interface Sized {
  readonly value: number;
  readonly size: number;
}

const leaf = (text: string, value: (x: number, y: number) => number): Sample => ({
  text,
  of: (x, y) => ({ value: value(x, y), size: Math.abs(value(x, y)) }),
});

const one = (a: Sample, text: string, apply: (a: Sized) => Sized): Sample => ({ text, of: (x, y) => apply(a.of(x, y)) });

const two = (a: Sample, b: Sample, text: string, apply: (a: Sized, b: Sized) => Sized): Sample => ({
  text,
  of: (x, y) => apply(a.of(x, y), b.of(x, y)),
});

const { equation } = fc.letrec<{ equation: Sample; leaf: Sample }>((tie) => {
  const inner = tie('equation');
  const pair = fc.tuple(inner, inner);
  return {
    leaf: fc.oneof(
      fc.constant(leaf('x', (x) => x)),
      fc.constant(leaf('y', (_x, y) => y)),
      fc.integer({ min: 0, max: 9 }).map((n) => leaf(String(n), () => n)),
      fc.double({ min: 1e-3, max: 1e3, noNaN: true }).map((n) => leaf(String(n), () => n)),
    ),
    equation: fc.oneof(
      { maxDepth: 5 },
      tie('leaf'),
      pair.map(([a, b]) => two(a, b, `(${a.text}) + ${b.text}`, (u, v) => ({ value: u.value + v.value, size: u.size + v.size }))),
      pair.map(([a, b]) => two(a, b, `${a.text} - (${b.text})`, (u, v) => ({ value: u.value - v.value, size: u.size + v.size }))),
      pair.map(([a, b]) => two(a, b, `(${a.text}) * (${b.text})`, (u, v) => ({ value: u.value * v.value, size: u.size * v.size }))),
      pair.map(([a, b]) =>
        two(a, b, `(${a.text}) / (1 + (${b.text})^2)`, (u, v) => ({
          value: u.value / (1 + v.value ** 2),
          size: u.size * (1 + v.size) ** 2,
        })),
      ),
      inner.map((a) => one(a, `-(${a.text})`, ({ value, size }) => ({ value: -value, size }))),
      fc
        .tuple(inner, fc.integer({ min: 0, max: 4 }))
        .map(([a, n]) => one(a, `(${a.text})^${n}`, ({ value, size }) => ({ value: value ** n, size: (1 + size) ** n }))),
      inner.map((a) => one(a, `(1 + (${a.text})^2)^-2`, ({ value, size }) => ({ value: (1 + value ** 2) ** -2, size: (1 + size) ** 2 }))),
      inner.map((a) => one(a, `tanh(${a.text})`, ({ value, size }) => ({ value: Math.tanh(value), size: 1 + size }))),
      inner.map((a) => one(a, `log(1 + (${a.text})^2)`, ({ value, size }) => ({ value: Math.log(1 + value ** 2), size: (1 + size) ** 2 }))),
      inner.map((a) =>
        one(a, `sqrt((${a.text})^2 + 1)`, ({ value, size }) => ({ value: Math.sqrt(value ** 2 + 1), size: (1 + size) ** 2 })),
      ),
    ),
  };
});

test('a parsed, folded and shared equation has the value of its formula', () => {
  fc.assert(
    fc.property(equation, fc.double({ min: 0.1, max: 3, noNaN: true }), fc.double({ min: -3, max: -0.1, noNaN: true }), (sample, x, y) => {
      const { value, size } = sample.of(x, y);
      fc.pre(size < 1e12);
      const parsed = parseEquation(sample.text);
      if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems));
      const graph = createGraph();
      const write = createEquationWriter(graph, (name) => ({ kind: 'node', node: input(graph, name) }));
      const program = emit(graph, [{ name: 'z', node: write(parsed.expression) }]);
      const got = evaluate(program, { x, y })['z']!;
      // Tens of operations, each within 1e-16 of the size.
      expect(Math.abs(got - value)).toBeLessThanOrEqual(1e-13 * (1 + size));
    }),
    { numRuns: 300 },
  );
});

/** Places of what is wrong with a text; none for a sound one. Any other error is a bug and is thrown. */
function placesOf(text: string): string[] {
  try {
    compileModel(text, 'fuzz.yaml');
    return [];
  } catch (error) {
    if (error instanceof LoligoError) return error.violations.map(({ where }) => where);
    throw error;
  }
}

test('whatever a model file says, the answer is a model or a LoligoError with places', () => {
  const cut = fc.tuple(fc.nat(SOUND_MODEL.length), fc.nat(12), fc.string({ maxLength: 8 }));
  fc.assert(
    fc.property(fc.array(cut, { minLength: 1, maxLength: 3 }), (cuts) => {
      const text = cuts.reduce((sum, [at, length, insert]) => sum.slice(0, at) + insert + sum.slice(at + length), SOUND_MODEL);
      expect(placesOf(text).filter((where) => !/\(fuzz\.yaml:\d+:\d+\)$/.test(where))).toEqual([]);
    }),
    { numRuns: 80 },
  );
});

test('whatever text an equation is, the answer is a tree or problems within the text', () => {
  const piece = fc.constantFrom(
    'V',
    '2',
    '.5',
    '1e3',
    ' ',
    '+',
    '-',
    '*',
    '/',
    '^',
    '(',
    ')',
    ',',
    'exp(',
    'to',
    'mod',
    '"',
    '?',
    ':',
    '=',
    '[',
    '!',
    "'",
    '\n',
    ';',
    '%',
    'é',
    'i',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      const parsed = parseEquation(text);
      const places = parsed.kind === 'equation' ? [0] : parsed.problems.map(({ at }) => at);
      expect(places.length).toBeGreaterThan(0);
      expect(places.filter((at) => !(at >= 0 && at <= text.length))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
