/**
 * From a spec's recording entry to data units: which stretches of which sweeps, at which sampling, with the current in the model's unit,
 * and what is held out for scoring.
 */
import { realpathSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { contentId } from '../../schemas/content-id.ts';
import type { DataUnit, HeldOut, HoldOut, RecordingSpec, TraceObject } from '../../schemas/generated/types.ts';
import { LoligoError, throwIfAny } from '../../schemas/errors.ts';
import { SIGMA_FLOOR_MV } from '../train/observation.ts';
import { correctRecording } from './corrections.ts';
import type { Refuse } from './corrections.ts';
import { countedIn, keptIgnored, type Cut } from './cuts.ts';
import { doubled, extentsOf, leaks, restNotes, restOf, restSamples, tooManyScored, type Extent } from './held-out.ts';
import { importRecording } from './importers.ts';
import { estimateNoiseMv } from './noise.ts';
import type { Recording } from './recording.ts';
import { select, type Selected } from './selection.ts';
import { spikeShapeSpread } from './spike-shape.ts';
import type { Trace } from './trace.ts';

export interface RecordingUnits {
  /** One for each window. Those of an entry with `jointly` are made one by the caller (train/joint-unit.ts). */
  readonly units: DataUnit[];
  /** Stored stretches by content hash; each unit's source names one, and so do its held-out stretches. */
  readonly objects: Map<string, TraceObject>;
  /** What was left out or assumed, for the user. */
  readonly notes: string[];
  /** Of the units, for what is joined with other entries. */
  readonly fitted: readonly Extent[];
  readonly heldOut: readonly Extent[];
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
  const where = `problem.data[${entryIndex}].recording`;
  const { sampleMs } = entry;
  const own = await open(entry, entry.file, specFolder, where);
  const fitted = select(own.recording, { selection: entry, name: own.name, where, sampleMs, currentUnit });
  const held: { selected: Selected; file: string; where: string }[] = [];
  for (const { holdOut, where: place } of holdOuts(entry, `${where}.holdOut`)) {
    const { recording, name, file } = holdOut.file === undefined ? own : await open(entry, holdOut.file, specFolder, where);
    held.push({ selected: select(recording, { selection: holdOut, name, where: place, sampleMs, currentUnit }), file, where: place });
  }
  throwIfAny([...fitted.violations, ...held.flatMap(({ selected }) => selected.violations)]);
  const fittedExtents = fitted.cuts.flatMap((cut) => extentsOf(own.file, cut));
  const heldExtents = held.map(({ selected, file, where: place }) => ({
    extents: selected.cuts.flatMap((cut) => extentsOf(file, cut)),
    place,
  }));
  throwIfAny([
    ...heldExtents.flatMap(({ extents, place }) => leaks(fittedExtents, extents, place)),
    ...(entry.jointly === true ? doubled(fittedExtents, where) : []),
    ...tooManyScored(scoredSamples(entry, fitted, held), held.length === 0 ? where : `${where}.holdOut`),
  ]);
  const objects = new Map<string, TraceObject>();
  const heldOut = held.flatMap(({ selected }) => selected.cuts.map((cut) => ({ label: cut.label, object: store(cut, selected, objects) })));
  return {
    units: unitsOf(fitted, { entry, entryIndex, heldOut, objects }),
    objects,
    notes: [
      ...(own.recording.notes ?? []).map((note) => `${own.name}: ${note}`),
      ...fitted.notes,
      ...held.flatMap(({ selected }) => selected.notes),
      ...restNotes(tracesOf(fitted.cuts), entry.rest, fitted.every),
    ],
    fitted: fittedExtents,
    heldOut: heldExtents.flatMap(({ extents }) => extents),
  };
}

interface Opened {
  readonly recording: Recording;
  readonly name: string;
  /** path without links */
  readonly file: string;
}

/** Another file of the entry is read as the entry's own: the same columns, channels and corrections. */
async function open(entry: RecordingSpec, file: string, specFolder: string, where: string): Promise<Opened> {
  const path = resolve(specFolder, file);
  const recording = await importRecording(path, {
    ...(entry.columns === undefined ? {} : { columns: entry.columns }),
    ...(entry.voltageChannel === undefined ? {} : { voltageChannel: entry.voltageChannel }),
    ...(entry.currentChannel === undefined ? {} : { currentChannel: entry.currentChannel }),
  });
  const refuse: Refuse = (key, reason) => new LoligoError([{ code: 'SPEC_DATA', where: `${where}.correct.${key}`, ...reason }]);
  return {
    recording: entry.correct === undefined ? recording : correctRecording(recording, entry.correct, refuse),
    name: basename(file),
    file: realpathSync(path),
  };
}

function holdOuts({ holdOut }: RecordingSpec, where: string): { holdOut: HoldOut; where: string }[] {
  if (holdOut === undefined) return [];
  return Array.isArray(holdOut) ? holdOut.map((one, index) => ({ holdOut: one, where: `${where}[${index}]` })) : [{ holdOut, where }];
}

/** Of a unit, beside its own: what is held out, and the rest of its sweep, or of all of them where it is joint. */
function scoredSamples({ rest, jointly }: RecordingSpec, fitted: Selected, held: readonly { readonly selected: Selected }[]): number {
  const kept = (cut: Cut, every: number): number => Math.floor((cut.to - cut.from) / every) + 1;
  const heldOut = held.flatMap(({ selected }) => selected.cuts.map((cut) => kept(cut, selected.every)));
  const rests = tracesOf(fitted.cuts).map((trace) => restSamples(trace, rest, fitted.every));
  return sumOf(heldOut) + (jointly === true ? sumOf(rests) : Math.max(0, ...rests));
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function tracesOf(cuts: readonly Cut[]): Trace[] {
  return [...new Set(cuts.map(({ trace }) => trace))];
}

interface Storing {
  readonly entry: RecordingSpec;
  readonly entryIndex: number;
  readonly heldOut: readonly HeldOut[];
  readonly objects: Map<string, TraceObject>;
}

function unitsOf(selected: Selected, { entry, entryIndex, heldOut, objects }: Storing): DataUnit[] {
  const { cuts, every } = selected;
  const sigmas = new Map(tracesOf(cuts).map((trace) => [trace, sigmaOf(trace, entry.noiseMv)]));
  const shapes = new Map(tracesOf(cuts).map((trace) => [trace, shapeOf(trace, cuts, entry)]));
  const wholes = new Map<Trace, string>();
  // once for each sweep, whatever the number of its windows
  const storeWhole = (whole: Cut): string => {
    const hash = wholes.get(whole.trace) ?? store(whole, selected, objects);
    wholes.set(whole.trace, hash);
    return hash;
  };
  const sources = cuts.map((cut) => ({ cut, source: { kind: 'trace', object: store(cut, selected, objects) } as const }));
  return sources.map(({ cut, source }): DataUnit => {
    const { trace, label, window } = cut;
    const { voltageMv, sampleMs } = objects.get(source.object)!;
    const blanked = keptIgnored(cut, every).length > 0;
    const [sweep, ...others] = trace.sweeps;
    const scored = [...restOf(cut, { asked: entry.rest, every, storeWhole }), ...heldOut];
    return {
      id: contentId(source),
      entry: entryIndex,
      ...(others.length > 0 ? {} : { sweep }),
      ...(window === undefined ? {} : { window }),
      label,
      draws: 1,
      samples: voltageMv.length,
      ...(blanked ? { counted: countedIn(cut, every) } : {}),
      sampleMs,
      sigmaMv: sigmas.get(trace)!,
      ...shapes.get(trace),
      source,
      ...(scored.length === 0 ? {} : { heldOut: scored }),
    };
  });
}

/** Returns the hash. */
function store(cut: Cut, { every, factor }: Selected, objects: Map<string, TraceObject>): string {
  const { trace, from, to } = cut;
  const ignored = keptIgnored(cut, every);
  const object: TraceObject = {
    startMs: trace.startMs + from * trace.sampleMs,
    sampleMs: rounded(trace.sampleMs * every),
    voltageMv: kept(trace.voltageMv, from, to, every, 1),
    current: kept(trace.current, from, to, every, factor),
    ...(ignored.length === 0 ? {} : { ignored }),
  };
  const hash = contentId(object);
  objects.set(hash, object);
  return hash;
}

/** Of the whole trace at its own sampling, so that all windows of a sweep share it. The report says which value was taken. */
function sigmaOf({ voltageMv }: Trace, noiseMv: number | undefined): number {
  return noiseMv ?? Math.max(SIGMA_FLOOR_MV, estimateNoiseMv(voltageMv));
}

/** Of the spikes in all of the trace's windows, so that all of them share it. */
function shapeOf(trace: Trace, cuts: readonly Cut[], { window }: RecordingSpec): Pick<DataUnit, 'spikeShapeMv'> {
  const spread = spikeShapeSpread(
    trace,
    cuts.filter((cut) => cut.trace === trace),
    window?.perSpike,
  );
  return spread === undefined ? {} : { spikeShapeMv: Math.max(SIGMA_FLOOR_MV, spread) };
}

/** Samples from, from + every, ... up to `to` inclusive, times `factor`. Two at least: cuts.ts sees to it. */
function kept(values: Float64Array, from: number, to: number, every: number, factor: number): [number, number, ...number[]] {
  const taken: number[] = [];
  for (let i = from; i <= to; i += every) taken.push(values[i]! * factor);
  const [first, second] = taken;
  if (first === undefined || second === undefined) throw new Error('internal: a window of fewer than two samples was let pass');
  return taken as [number, number, ...number[]]; // it has two
}

function rounded(sampleMs: number): number {
  return Number(sampleMs.toPrecision(12));
}
