/**
 * From a `synthetic` entry of a spec to its data units: of each of its cells one for each stimulus, or one for all of them, and the traces that
 * are held out.
 *
 * Of cells that are drawn, those without a forward solution on every stimulus are left out, and said to be: the truths are then those of the
 * distributions, given that the cell can be simulated. A cell that does not spike stays in.
 */
import { canonicalJson, contentId } from '../../schemas/content-id.ts';
import { LoligoError, throwIfAny, type Violation } from '../../schemas/errors.ts';
import type { DataUnit, HeldOut, Stimulus, Synthetic, TraceObject } from '../../schemas/generated/types.ts';
import type { Model } from '../models/model.ts';
import { tooManyScored } from '../recordings/held-out.ts';
import type { StoredUnits } from './joint-unit.ts';
import { DEFAULT_SAMPLE_MS, entryStimuli, observe, syntheticUnit } from './observe.ts';
import { truthsOf, truthViolations, type SyntheticCell, type Truth } from './truths.ts';

export interface SyntheticUnits extends StoredUnits {
  readonly notes: readonly string[];
}

/**
 * @param entryIndex position in the spec's problem.data
 * @param seed the sweep's
 * @throws LoligoError SPEC_DATA, SPEC_DISTRIBUTION and SPEC_UNKNOWN_PARAMETER with every violation of the entry
 */
export function syntheticUnits(entry: Synthetic, entryIndex: number, model: Model, seed: number): SyntheticUnits {
  const where = `problem.data[${entryIndex}].synthetic`;
  throwIfAny([
    ...truthViolations(entry, where, model),
    ...repeatedStimuli(entry, where),
    ...tooManyScored(scoredSamples(entry), `${where}.holdOut`),
  ]);
  const cells = truthsOf(entry, model, seed).map((truth) => unitsOfCell(truth, { entryIndex, model, seed }));
  const made = cells.filter((cell) => cell.kind === 'units');
  const lost = cells.filter((cell) => cell.kind === 'unsimulable');
  const [first] = lost;
  if (first !== undefined && (made.length === 0 || first.name === undefined)) throw first.error;
  return {
    units: made.flatMap(({ units }) => units),
    objects: new Map(made.flatMap(({ objects }) => [...objects])),
    notes: made.some(({ name }) => name !== undefined) ? drawnNotes(`synthetic ${entryIndex + 1}`, made, lost) : [],
  };
}

interface UnitRequest {
  readonly entryIndex: number;
  readonly model: Model;
  readonly seed: number;
}

type CellOutcome = Pick<Truth, 'name'> &
  (
    | (StoredUnits & {
        readonly kind: 'units';
        /** over all fitted stimuli */
        readonly spikes: number;
      })
    | { readonly kind: 'unsimulable'; readonly error: LoligoError }
  );

function unitsOfCell({ cell, name }: Truth, request: UnitRequest): CellOutcome {
  const fitted = entryStimuli(cell);
  const groups = cell.jointly === true ? [fitted] : fitted.map((one) => [one]);
  const named = name === undefined ? {} : { name };
  const made: { unit: DataUnit; spikes: number }[] = [];
  for (const stimuli of [...groups, ...(cell.holdOut?.stimuli ?? []).map((one) => [one])]) {
    const outcome = syntheticUnit(withStimuli(cell, stimuli), request.entryIndex, request.model, request.seed);
    if (outcome.kind === 'unit') made.push(outcome);
    else if (outcome.unsimulable) return { ...named, kind: 'unsimulable', error: new LoligoError([...outcome.violations]) };
    else throw new LoligoError([...outcome.violations]);
  }
  const objects = new Map<string, TraceObject>();
  const heldOut = made.slice(groups.length).map(({ unit }, place): HeldOut => {
    const trace = traceOf(unit, request.model);
    const object = contentId(trace);
    objects.set(object, trace);
    return { label: `synthetic ${request.entryIndex + 1}, held-out stimulus ${place + 1}`, object };
  });
  const units = made.slice(0, groups.length).map(({ unit }, place) => ({
    ...unit,
    label: [unit.label, ...(name === undefined ? [] : [name]), ...stimulusWords(fitted.length, place, cell.jointly === true)].join(', '),
    ...(heldOut.length === 0 ? {} : { heldOut }),
  }));
  const spikes = made.slice(0, groups.length).reduce((sum, one) => sum + one.spikes, 0);
  return { ...named, kind: 'units', units, objects, spikes };
}

function withStimuli(cell: SyntheticCell, [first, ...others]: readonly Stimulus[]): SyntheticCell {
  const { stimuli: _stimuli, stimulus: _stimulus, ...common } = cell;
  if (first === undefined) throw new Error('internal: the schema lets no empty list pass');
  return others.length === 0 ? { ...common, stimulus: first } : { ...common, stimuli: [first, ...others] };
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

/** Held-out traces are as long as those that are fitted. */
function scoredSamples({ holdOut, durationMs, sampleMs = DEFAULT_SAMPLE_MS }: Synthetic): number {
  return (holdOut?.stimuli.length ?? 0) * (Math.round(durationMs / sampleMs) + 1);
}

/** One stimulus twice counts twice, or is fitted and held out. */
function repeatedStimuli(entry: Synthetic, where: string): Violation[] {
  const all = [...entryStimuli(entry), ...(entry.holdOut?.stimuli ?? [])].map((stimulus) => canonicalJson(stimulus));
  const rule = 'every stimulus, fitted or held out, must be another one';
  return all
    .filter((text, place) => all.indexOf(text) < place)
    .map((got) => ({ code: 'SPEC_DATA', where, rule, got, remedy: 'For more noise draws use "draws".' }));
}

function stimulusWords(count: number, place: number, together: boolean): string[] {
  if (count === 1) return [];
  return [together ? `${count} stimuli jointly` : `stimulus ${place + 1}`];
}

function drawnNotes(
  entry: string,
  made: readonly (CellOutcome & { kind: 'units' })[],
  lost: readonly (CellOutcome & { kind: 'unsimulable' })[],
): string[] {
  const all = made.length + lost.length;
  const silent = made.filter(({ spikes }) => spikes === 0).length;
  return [
    ...(lost.length === 0
      ? []
      : [`${entry}: ${lost.length} of ${all} drawn cells have no forward solution and are left out (${named(lost)})`]),
    ...(silent === 0 ? [] : [`${entry}: ${silent} of ${all} drawn cells do not spike; they stay in`]),
  ];
}

const MOST_NAMED = 12;

function named(truths: readonly Pick<Truth, 'name'>[]): string {
  const names = truths.slice(0, MOST_NAMED).map(({ name }) => name);
  return `${names.join(', ')}${truths.length > MOST_NAMED ? ', ...' : ''}`;
}
