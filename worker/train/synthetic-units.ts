/** From a `synthetic` entry of a spec to its data units: one for each stimulus, or one for all of them, and the traces that are held out. */
import { canonicalJson, contentId } from '../../schemas/content-id.ts';
import { LoligoError, throwIfAny, type Violation } from '../../schemas/errors.ts';
import type { DataUnit, HeldOut, Stimulus, Synthetic, TraceObject } from '../../schemas/generated/types.ts';
import type { Model } from '../models/model.ts';
import type { StoredUnits } from './joint-unit.ts';
import { entryStimuli, observe, syntheticUnit } from './observe.ts';

/**
 * @param entryIndex position in the spec's problem.data
 * @param seed the sweep's
 * @throws LoligoError SPEC_DATA and SPEC_UNKNOWN_PARAMETER with every violation of the entry
 */
export function syntheticUnits(entry: Synthetic, entryIndex: number, model: Model, seed: number): StoredUnits {
  throwIfAny(repeatedStimuli(entry, `problem.data[${entryIndex}].synthetic`));
  const unitOf = (stimuli: readonly Stimulus[]): DataUnit => oneUnit(entry, stimuli, { entryIndex, model, seed });
  const { jointly, holdOut } = entry;
  const fitted = entryStimuli(entry);
  const units = jointly === true ? [unitOf(fitted)] : fitted.map((one) => unitOf([one]));
  const objects = new Map<string, TraceObject>();
  const heldOut = (holdOut?.stimuli ?? []).map((one, place): HeldOut => {
    const trace = traceOf(unitOf([one]), model);
    const object = contentId(trace);
    objects.set(object, trace);
    return { label: `synthetic ${entryIndex + 1}, held-out stimulus ${place + 1}`, object };
  });
  const labelled = units.map((unit, place) => ({ ...unit, label: `${unit.label}${words(fitted.length, place, jointly === true)}` }));
  return { units: heldOut.length === 0 ? labelled : labelled.map((unit) => ({ ...unit, heldOut })), objects };
}

interface UnitRequest {
  readonly entryIndex: number;
  readonly model: Model;
  readonly seed: number;
}

function oneUnit(entry: Synthetic, stimuli: readonly Stimulus[], { entryIndex, model, seed }: UnitRequest): DataUnit {
  const { stimuli: _stimuli, stimulus: _stimulus, ...common } = entry;
  const [first, ...others] = stimuli;
  if (first === undefined) throw new Error('internal: the schema lets no empty list pass');
  const chosen: Synthetic = others.length === 0 ? { ...common, stimulus: first } : { ...common, stimuli: [first, ...others] };
  const outcome = syntheticUnit(chosen, entryIndex, model, seed);
  if (outcome.kind === 'violations') throw new LoligoError([...outcome.violations]);
  return outcome.unit;
}

/** With the noise of the first draw. */
function traceOf(unit: DataUnit, model: Model): TraceObject {
  const nothing = (): never => {
    throw new Error('internal: synthetic data have no stored window');
  };
  const { sampleMs, voltageMv, current } = observe({ data: unit, draw: 0, model, objects: { trace: nothing } });
  // a unit has two samples or more
  return { startMs: 0, sampleMs, voltageMv: [...voltageMv] as TraceObject['voltageMv'], current: [...current] as TraceObject['current'] };
}

/** One stimulus twice counts twice, or is fitted and held out. */
function repeatedStimuli(entry: Synthetic, where: string): Violation[] {
  const all = [...entryStimuli(entry), ...(entry.holdOut?.stimuli ?? [])].map((stimulus) => canonicalJson(stimulus));
  const rule = 'every stimulus, fitted or held out, must be another one';
  return all
    .filter((text, place) => all.indexOf(text) < place)
    .map((got) => ({ code: 'SPEC_DATA', where, rule, got, remedy: 'For more noise draws use "draws".' }));
}

function words(count: number, place: number, together: boolean): string {
  if (count === 1) return '';
  return together ? `, ${count} stimuli jointly` : `, stimulus ${place + 1}`;
}
