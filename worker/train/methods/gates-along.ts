/**
 * The gates of a model along a given V, for a regression: given V each obeys a linear equation, solved by the exponential trapezoidal rule on
 * a grid of four steps a sample (one step a sample puts gL of Hodgkin-Huxley off by 1.7 %, gate-integration.ts; the rule is of second order). V between
 * samples is the cubic through its values and slopes. Gates that read others come after them, as the model orders them.
 */
import { createInterpreter } from '../../models/interpret.ts';
import type { Model } from '../../models/model.ts';
import { segmentSpans, type Segment } from '../segments.ts';

const STEPS = 4;

interface GatesAlong {
  /** On the samples, by gate. `initial`: by segment, gates at its first sample; one that is left out is at its steady state */
  integrate(
    parameters: Readonly<Record<string, number>>,
    initial: readonly Readonly<Record<string, number>>[],
  ): Record<string, Float64Array>;
}

export function gatesAlong(model: Model, V: Float64Array, segments: ArrayLike<number>, sampleMs: number): GatesAlong {
  const spans = segmentSpans(segments, V.length);
  const fine = spans.map((span) => refined(V.subarray(span.from, span.to)));
  return {
    integrate: (parameters, initial) => {
      const states = Object.fromEntries(model.gates.map(({ name }) => [name, new Float64Array(V.length)]));
      spans.forEach((span, s) => {
        const along = integrateOne(model, fine[s]!, sampleMs / STEPS, parameters, initial[s]!);
        for (const { name } of model.gates) takeSamples(along[name]!, states[name]!, span);
      });
      return states;
    },
  };
}

function takeSamples(fine: Float64Array, samples: Float64Array, { from, to }: Segment): void {
  for (let i = from; i < to; i++) samples[i] = fine[(i - from) * STEPS]!;
}

function integrateOne(
  model: Model,
  V: Float64Array,
  stepMs: number,
  parameters: Readonly<Record<string, number>>,
  initial: Readonly<Record<string, number>>,
): Record<string, Float64Array> {
  const states: Record<string, Float64Array> = { V };
  for (const { name } of model.gates) states[name] = new Float64Array(V.length);
  const program = model.gateRates;
  const uniform = program.inputs.filter((input) => states[input] === undefined);
  const interpreter = createInterpreter(program, V.length, uniform);
  for (const input of program.inputs) interpreter.bind(input, states[input] ?? Float64Array.of(parameters[input]!));
  model.gates.forEach(({ name, reads }, g) => {
    if (g === 0 || reads.length > 0) interpreter.run();
    const inf = interpreter.output(`inf:${name}`);
    const rate = interpreter.output(`rate:${name}`);
    const x = states[name]!;
    x[0] = initial[name] ?? inf[0]!;
    for (let j = 1; j < x.length; j++) {
      const target = (inf[j - 1]! + inf[j]!) / 2;
      x[j] = target + (x[j - 1]! - target) * Math.exp((-stepMs * (rate[j - 1]! + rate[j]!)) / 2);
    }
  });
  return states;
}

/** STEPS points for each gap between samples: the cubic Hermite interpolant with slopes by central differences. */
function refined(V: Float64Array): Float64Array {
  const last = V.length - 1;
  const slope = (i: number): number => (V[Math.min(last, i + 1)]! - V[Math.max(0, i - 1)]!) / (i === 0 || i === last ? 1 : 2);
  return Float64Array.from({ length: last * STEPS + 1 }, (_, j) => {
    const i = Math.min(last - 1, Math.floor(j / STEPS));
    const u = j / STEPS - i;
    const [a, b] = [V[i]!, V[i + 1]!];
    const [p, q] = [slope(i), slope(i + 1)];
    return a + u * (p + u * (3 * (b - a) - 2 * p - q + u * (2 * (a - b) + p + q)));
  });
}
