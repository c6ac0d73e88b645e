/**
 * From a spec's recording entry to data units: which stretches of which sweeps, at which sampling, with the current in the model's unit.
 * Everything that the entry asks for and the recording does not have is reported at once, before anything is cut.
 */
import { basename, resolve } from 'node:path';
import { contentId } from '../../schemas/content-id.ts';
import type { DataUnit, RecordingSpec, TraceObject } from '../../schemas/generated/types.ts';
import { throwIfAny } from '../../schemas/errors.ts';
import type { Violation } from '../../schemas/errors.ts';
import { cutsOf } from './cuts.ts';
import type { Cut } from './cuts.ts';
import { SIGMA_FLOOR_MV } from '../train/observation.ts';
import { importRecording } from './importers.ts';
import { estimateNoiseMv } from './noise.ts';
import type { RecordedStimulus, Recording, Sweep } from './recording.ts';
import { joinedTrace, sweepTrace } from './trace.ts';
import type { Trace } from './trace.ts';
import { currentFactor } from './units.ts';

export interface RecordingUnits {
  readonly units: DataUnit[];
  /** Stored windows by content hash; each unit's source names one. */
  readonly objects: Map<string, TraceObject>;
  /** What was left out or assumed, for the user. */
  readonly notes: string[];
}

/**
 * The units of entry `entryIndex` of problem.data; `entry.file` is relative to `specFolder`, `currentUnit` is the model's.
 * LoligoError: RECORDING_* for the file, SPEC_DATA with every violation of the entry.
 */
export async function recordingUnits(
  entry: RecordingSpec,
  entryIndex: number,
  specFolder: string,
  currentUnit: string,
): Promise<RecordingUnits> {
  const recording = await importRecording(resolve(specFolder, entry.file), {
    ...(entry.columns === undefined ? {} : { columns: entry.columns }),
    ...(entry.voltageChannel === undefined ? {} : { voltageChannel: entry.voltageChannel }),
    ...(entry.currentChannel === undefined ? {} : { currentChannel: entry.currentChannel }),
  });
  const where = `problem.data[${entryIndex}].recording`;
  const sweeps = chosenSweeps(recording, entry);
  const every = keepEvery(sweeps[0] ?? recording.sweeps[0], entry.sampleMs);
  const violations = [
    ...missingSweeps(recording, entry, where),
    ...jointViolations(recording, entry, where),
    ...currentViolations(recording, currentUnit, where),
  ];
  if (every === undefined) violations.push(samplingViolation(recording, entry, where));
  const traces = tracesOf(basename(entry.file), sweeps, entry.joinSweeps === true);
  const { cuts, notes, violations: wrong } = cutsOf(traces, entry, every ?? 1, where);
  throwIfAny([...violations, ...wrong]);
  const factor = currentFactor(stimulusOf(recording).unit, currentUnit);
  if (factor === undefined || every === undefined) throw new Error('internal: a violation of a recording entry was let pass');
  return store(cuts, { entry, entryIndex, every, factor }, notes);
}

function chosenSweeps({ sweeps }: Recording, entry: RecordingSpec): Sweep[] {
  return entry.sweeps === undefined ? [...sweeps] : entry.sweeps.flatMap((index) => sweeps[index] ?? []);
}

function missingSweeps({ sweeps }: Recording, entry: RecordingSpec, where: string): Violation[] {
  return (entry.sweeps ?? []).flatMap((sweep, index) =>
    sweep < sweeps.length
      ? []
      : [specData(`${where}.sweeps[${index}]`, `the recording has sweeps 0 to ${sweeps.length - 1}`, String(sweep))],
  );
}

/** Joined sweeps must follow each other in time, none left out. */
function jointViolations({ continuous, sweeps }: Recording, entry: RecordingSpec, where: string): Violation[] {
  if (entry.joinSweeps !== true) return [];
  const chosen = entry.sweeps ?? sweeps.map(({ index }) => index);
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
  const { source, unit } = stimulusOf(recording);
  if (source === 'none')
    return [
      specData(
        where,
        'the injected current must be known',
        'a recording that neither stores nor describes it',
        'Name its channel with currentChannel, or export V and I as CSV.',
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

function samplingViolation({ sweeps }: Recording, { sampleMs }: RecordingSpec, where: string): Violation {
  const own = Number(sweeps[0]!.sampleMs.toPrecision(9));
  return specData(
    `${where}.sampleMs`,
    `sampleMs must be a whole multiple of the recording's ${own} ms`,
    String(sampleMs),
    `Try ${own * Math.max(1, Math.round((sampleMs ?? own) / own))}.`,
  );
}

function tracesOf(file: string, sweeps: readonly Sweep[], join: boolean): Trace[] {
  const [first, ...others] = sweeps;
  if (first === undefined) return [];
  return join ? [joinedTrace(file, [first, ...others])] : sweeps.map((sweep) => sweepTrace(file, sweep));
}

interface Storing {
  readonly entry: RecordingSpec;
  readonly entryIndex: number;
  readonly every: number;
  readonly factor: number;
}

function store(cuts: readonly Cut[], { entry, entryIndex, every, factor }: Storing, notes: string[]): RecordingUnits {
  const sigmas = new Map<Trace, number>();
  const objects = new Map<string, TraceObject>();
  const units = cuts.map((cut): DataUnit => {
    const { trace, from, to, label, window } = cut;
    const object: TraceObject = {
      startMs: trace.startMs + from * trace.sampleMs,
      sampleMs: rounded(trace.sampleMs * every),
      voltageMv: kept(trace.voltageMv, from, to, every, 1),
      current: kept(trace.current, from, to, every, factor),
    };
    const hash = contentId(object);
    objects.set(hash, object);
    const source = { kind: 'trace', object: hash } as const;
    const sigmaMv = sigmas.get(trace) ?? sigmaOf(trace, entry.noiseMv);
    sigmas.set(trace, sigmaMv);
    return {
      id: contentId(source),
      entry: entryIndex,
      ...(trace.sweep === undefined ? {} : { sweep: trace.sweep }),
      ...(window === undefined ? {} : { window }),
      label,
      draws: 1,
      samples: object.voltageMv.length,
      sampleMs: object.sampleMs,
      sigmaMv,
      source,
    };
  });
  return { units, objects, notes };
}

/** Of the whole trace at its own sampling, so that all windows of a sweep share it. The report says which value was taken. */
function sigmaOf({ voltageMv }: Trace, noiseMv: number | undefined): number {
  return noiseMv ?? Math.max(SIGMA_FLOOR_MV, estimateNoiseMv(voltageMv));
}

/** Samples from, from + every, ... up to `to` inclusive, times `factor`. Two at least: cuts.ts sees to it. */
function kept(values: Float64Array, from: number, to: number, every: number, factor: number): [number, number, ...number[]] {
  const taken: number[] = [];
  for (let i = from; i <= to; i += every) taken.push(values[i]! * factor);
  const [first, second, ...rest] = taken;
  if (first === undefined || second === undefined) throw new Error('internal: a window of fewer than two samples was let pass');
  return [first, second, ...rest];
}

function rounded(sampleMs: number): number {
  return Number(sampleMs.toPrecision(12));
}

function specData(where: string, rule: string, got: string, remedy?: string): Violation {
  return { code: 'SPEC_DATA', where, rule, got, ...(remedy === undefined ? {} : { remedy }) };
}
