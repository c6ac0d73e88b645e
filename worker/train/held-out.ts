/**
 * Forward simulation of stretches that a replica was not trained on: the rest of its own sweep, and what the spec holds out.
 *
 * A stretch starts at its own first V, with every gate at its steady state there: exact for a cell at rest, as at the beginning of a sweep. The
 * first 10 ms, or a tenth of a shorter stretch, do not count, so that gates which were not at rest have time to forget it. Nothing is fitted:
 * no initial value, no shift in time.
 */
import { STANDARD_ACCEPT } from '../../schemas/acceptance.ts';
import type { Accept, HeldOut, StretchScore, TraceObject } from '../../schemas/generated/types.ts';
import type { Model } from '../models/model.ts';
import { simulate } from '../simulate/forward.ts';
import { bridgedVoltage } from './ignored.ts';
import { scoreOf } from './score.ts';

const LEAD_IN_MS = 10;
const LEAD_IN_SHARE = 0.1;

/** Sweeps last seconds. Over one of them V is within 0.01 mV of the solution at 1e-9 (tests/worker/train/held-out.test.ts). */
const TOLERANCE = 1e-6;
/** A Hodgkin-Huxley neuron needs 15 per ms at this tolerance; parameters that need more than this are not worth the wait. */
const STEPS_PER_MS = 300;

export interface HeldOutRequest {
  readonly model: Model;
  /** inferred and fixed parameters, in the model's units */
  readonly parameters: Readonly<Record<string, number>>;
  readonly accept: Accept;
  readonly trace: (hash: string) => TraceObject;
}

export interface HeldOutScores {
  readonly rest?: StretchScore[];
  readonly heldOut?: StretchScore[];
}

export function scoreHeldOut(stretches: readonly HeldOut[], request: HeldOutRequest): HeldOutScores {
  const scored = stretches.map((stretch) => ({ stretch, score: scoreStretch(stretch, request) }));
  const of = (isRest: boolean): StretchScore[] =>
    scored.filter(({ stretch }) => (stretch.fitted !== undefined) === isRest).map(({ score }) => score);
  const [rest, heldOut] = [of(true), of(false)];
  return { ...(rest.length === 0 ? {} : { rest }), ...(heldOut.length === 0 ? {} : { heldOut }) };
}

function scoreStretch({ label, object, fitted = [] }: HeldOut, { accept, trace, ...simulated }: HeldOutRequest): StretchScore {
  const stretch = trace(object);
  const voltageMv = measuredVoltage(stretch);
  const V = simulateFrom(voltageMv[0]!, stretch, simulated);
  if (V === undefined) return { label };
  const { sampleMs } = stretch;
  const leadIn = Math.floor(Math.min(LEAD_IN_MS / sampleMs, LEAD_IN_SHARE * V.length));
  const ignored = [[0, leadIn - 1] as const, ...fitted, ...(stretch.ignored ?? [])];
  const score = scoreOf(V, { voltageMv, sampleMs, segments: [0], ignored }, { ...STANDARD_ACCEPT, ...accept });
  return score === undefined || !Number.isFinite(score.rmseMv) ? { label } : { label, score };
}

/** V of the forward simulation from the stretch's own first V that counts, mV; undefined when it does not run through. */
export function simulateStretch(stretch: TraceObject, request: SimulationRequest): Float64Array | undefined {
  return simulateFrom(measuredVoltage(stretch)[0]!, stretch, request);
}

type SimulationRequest = Pick<HeldOutRequest, 'model' | 'parameters'>;

function simulateFrom(V: number, { current, sampleMs }: TraceObject, { model, parameters }: SimulationRequest): Float64Array | undefined {
  const simulation = simulate(model, {
    parameters,
    initial: { V },
    current: Float64Array.from(current),
    sampleMs,
    rtol: TOLERANCE,
    atol: TOLERANCE,
    maxSteps: Math.ceil(STEPS_PER_MS * current.length * sampleMs),
  });
  return simulation.kind === 'done' ? simulation.states['V'] : undefined;
}

/** No artefact where V is not known. */
function measuredVoltage({ voltageMv, ignored = [] }: TraceObject): Float64Array {
  return bridgedVoltage({ voltageMv: Float64Array.from(voltageMv), segments: [0], ignored });
}
