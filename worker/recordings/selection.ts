/**
 * What a spec chooses of one recording: which sweeps, joined or not, which windows of them, at which sampling. Everything that is asked for
 * and that the recording does not have is reported at once, before anything is cut.
 */
import type { RecordingSpec } from '../../schemas/generated/types.ts';
import type { Violation } from '../../schemas/errors.ts';
import { cutsOf, type Cut } from './cuts.ts';
import { epochsOf, stepEpoch } from './epochs.ts';
import type { RecordedStimulus, Recording, Sweep } from './recording.ts';
import { joinedTrace, sweepTrace, type Trace } from './trace.ts';
import { currentFactor } from './units.ts';

/** The keys that fitted and held-out data share. */
export type Selection = Pick<RecordingSpec, 'sweeps' | 'joinSweeps' | 'windowMs' | 'window'>;

export interface SelectionRequest {
  readonly selection: Selection;
  /** of the file, for labels */
  readonly name: string;
  /** path of the selection in the spec */
  readonly where: string;
  /** the recording's own when absent */
  readonly sampleMs: number | undefined;
  /** the model's */
  readonly currentUnit: string;
}

export interface Selected {
  readonly cuts: Cut[];
  /** every so many samples are kept */
  readonly every: number;
  /** from the recording's unit of current to the model's */
  readonly factor: number;
  readonly notes: string[];
  /** `cuts` are of use only where there are none. */
  readonly violations: Violation[];
}

export function select(recording: Recording, { selection, name, where, sampleMs, currentUnit }: SelectionRequest): Selected {
  const sweeps = chosenSweeps(recording, selection);
  const every = keepEvery(sweeps[0] ?? recording.sweeps[0], sampleMs);
  const factor = currentFactor(stimulusOf(recording).unit, currentUnit);
  const violations = [
    ...missingSweeps(recording, selection, where),
    ...joinViolations(recording, selection, where),
    ...currentViolations({ ...recording, sweeps: sweeps.length > 0 ? sweeps : recording.sweeps }, currentUnit, where),
    ...(every === undefined ? [samplingViolation(recording, sampleMs, where)] : []),
  ];
  const traces = tracesOf(name, recording, sweeps, selection);
  const step = usesEpochs(selection) ? stepEpoch(recording.sweeps) : undefined;
  const { cuts, notes, violations: wrong } = cutsOf(traces, { selection, every: every ?? 1, where, step });
  return { cuts, every: every ?? 1, factor: factor ?? 1, notes, violations: [...violations, ...wrong] };
}

function chosenSweeps({ sweeps }: Recording, selection: Selection): Sweep[] {
  return selection.sweeps === undefined ? [...sweeps] : selection.sweeps.flatMap((index) => sweeps[index] ?? []);
}

function missingSweeps({ sweeps }: Recording, selection: Selection, where: string): Violation[] {
  return (selection.sweeps ?? []).flatMap((sweep, index) =>
    sweep < sweeps.length
      ? []
      : [specData(`${where}.sweeps[${index}]`, `the recording has sweeps 0 to ${sweeps.length - 1}`, String(sweep))],
  );
}

/** Joined sweeps must follow each other in time, none left out. */
function joinViolations({ continuous, sweeps }: Recording, selection: Selection, where: string): Violation[] {
  if (selection.joinSweeps !== true) return [];
  const chosen = selection.sweeps ?? sweeps.map(({ index }) => index);
  const gap = chosen.findIndex((sweep, index) => index > 0 && sweep !== chosen[index - 1]! + 1);
  if (gap !== -1)
    return [
      specData(
        `${where}.sweeps[${gap}]`,
        'joined sweeps must follow each other',
        `${chosen[gap]} after ${chosen[gap - 1]}`,
        'List them without a gap.',
      ),
    ];
  if (chosen.length < 2 || continuous) return [];
  return [
    specData(
      `${where}.joinSweeps`,
      'only sweeps that follow each other without a pause can be joined',
      'sweeps with pauses',
      'Leave out joinSweeps.',
    ),
  ];
}

function currentViolations(recording: Recording, currentUnit: string, where: string): Violation[] {
  const { unit } = stimulusOf(recording);
  const unknown = recording.sweeps.filter(({ stimulus }) => stimulus.source === 'none');
  if (unknown.length > 0)
    return [
      specData(
        where,
        'the injected current must be known',
        unknown.length === recording.sweeps.length
          ? 'a recording that neither stores nor describes it'
          : `sweeps without: ${unknown.map(({ index }) => index).join(', ')}`,
        'Name its channel with currentChannel, choose other sweeps, or export V and I as CSV.',
      ),
    ];
  if (currentFactor(unit, currentUnit) !== undefined) return [];
  const density = unit.includes('cm');
  return [
    specData(
      where,
      `the current must convert to ${currentUnit}, the model's unit`,
      unit,
      density
        ? 'Choose a model in uA/cm2, such as hodgkin-huxley, or give the whole-cell current of a CSV file as currentPa.'
        : 'Choose a whole-cell model in pA, such as pospischil-rs, or give a CSV whose current was divided by the area of the membrane as currentUaPerCm2.',
    ),
  ];
}

function stimulusOf({ sweeps, file }: Recording): RecordedStimulus {
  const [first] = sweeps;
  if (first === undefined) throw new Error(`internal: ${file} was read as a recording without sweeps`);
  return first.stimulus;
}

/** k where every k-th sample is kept; undefined when sampleMs is no whole multiple of the recording's. */
function keepEvery(sweep: Sweep | undefined, sampleMs: number | undefined): number | undefined {
  if (sweep === undefined || sampleMs === undefined) return 1;
  const ratio = sampleMs / sweep.sampleMs;
  const every = Math.round(ratio);
  return every >= 1 && Math.abs(ratio - every) <= 1e-6 * every ? every : undefined;
}

function samplingViolation({ sweeps }: Recording, sampleMs: number | undefined, where: string): Violation {
  const own = Number(sweeps[0]!.sampleMs.toPrecision(9));
  return specData(
    `${where}.sampleMs`,
    `sampleMs must be a whole multiple of the recording's ${own} ms`,
    String(sampleMs),
    `Try ${own * Math.max(1, Math.round((sampleMs ?? own) / own))}.`,
  );
}

/** Epochs are those of the whole recording: a step of 0 pA has its epoch because other sweeps have a step there. */
function tracesOf(name: string, recording: Recording, sweeps: readonly Sweep[], selection: Selection): Trace[] {
  const [first, ...others] = sweeps;
  if (first === undefined) return [];
  if (selection.joinSweeps === true) return [joinedTrace(name, [first, ...others])];
  const epochs = usesEpochs(selection) ? epochsOf(recording.sweeps) : [];
  return sweeps.map((sweep) => sweepTrace(name, sweep, epochs[sweep.index] ?? []));
}

/** Others are spared the search. */
function usesEpochs({ window }: Selection): boolean {
  return window?.epoch !== undefined || window?.onset !== undefined;
}

function specData(where: string, rule: string, got: string, remedy?: string): Violation {
  return { code: 'SPEC_DATA', where, rule, got, ...(remedy === undefined ? {} : { remedy }) };
}
