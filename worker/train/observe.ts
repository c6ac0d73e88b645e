/**
 * From a data unit to what a replica is fitted to: synthetic data are simulated from their truth and given noise, recorded data are
 * read from their stored window. And from a `synthetic` entry of a spec to its data unit.
 *
 * The noise is a function of the data unit's id (which holds the sweep's seed) and the draw alone, so that replicas of all configurations
 * and seeds see the same draws, and more draws or entries change none that were there.
 */
import { recall } from '../../schemas/bounded-map.ts';
import { contentId } from '../../schemas/content-id.ts';
import { LoligoError } from '../../schemas/errors.ts';
import type { Violation } from '../../schemas/errors.ts';
import type { DataUnit, Stimulus, Synthetic, SyntheticSource, TraceObject } from '../../schemas/generated/types.ts';
import { randomStream } from '../../schemas/random.ts';
import { stateNames, type Model } from '../models/model.ts';
import { findParameter, unknownParameter, untiedValues } from '../models/parameter-values.ts';
import { spikeTimes } from '../recordings/spikes.ts';
import { simulate } from '../simulate/forward.ts';
import type { SimulationOutcome } from '../simulate/forward.ts';
import { sampleStimulus, stimulusParts, unsupportedFile } from '../simulate/stimuli.ts';
import { SIGMA_FLOOR_MV } from './observation.ts';
import type { Observation } from './observation.ts';
import { concatenated, firstSamples, unitSegments } from './segments.ts';
import { checkSamples, LONGEST_MS, MOST_SAMPLES } from './task-limits.ts';
import type { SyntheticCell } from './truths.ts';

export const DEFAULT_SAMPLE_MS = 0.1;

/** Relative tolerance of the trial simulation that a spec's truth must pass: enough to see whether it can be simulated at all. */
const TRIAL_TOLERANCE = 1e-4;

export interface ObservationRequest {
  readonly data: DataUnit;
  /** noise draw, from 0; recorded data have only one */
  readonly draw: number;
  readonly model: Model;
  /** Stored windows by content hash; must hold the one that `data` names. */
  readonly objects: { trace(hash: string): TraceObject };
}

/** @throws LoligoError SPEC_DATA when the truth of synthetic data cannot be simulated, or a stored window has another length than `data` says */
export function observe({ data, draw, model, objects }: ObservationRequest): Observation {
  return data.source.kind === 'synthetic'
    ? observeSynthetic(data, data.source, draw, model)
    : observeTrace(data, objects.trace(data.source.object));
}

function observeSynthetic(data: DataUnit, source: SyntheticSource, draw: number, model: Model): Observation {
  const truths = truthsOf(data.label, source, model);
  const segments = unitSegments(data, firstSamples(truths.map(() => source.samples)));
  const noise = randomStream(draw, `noise/${data.id}`);
  const states = Object.fromEntries(stateNames(model).map((name) => [name, concatenated(truths.map((truth) => truth.states[name]!))]));
  const current = concatenated(truths.map((truth) => truth.current));
  return {
    segments,
    tMs: Float64Array.from(current, (_, i) => i * source.sampleMs),
    voltageMv: states['V']!.map((V, i) => V + source.noiseMv * noise.normal(i)),
    current,
    sampleMs: source.sampleMs,
    sigmaMv: data.sigmaMv,
    truth: { parameters: source.parameters, states },
  };
}

/** What the cell does under one stimulus. */
interface Truth {
  readonly current: Float64Array;
  readonly states: Readonly<Record<string, Float64Array>>;
}

/** The last few sources of a model: draws and replicas differ in the noise alone, and a simulation takes as long as all else that prepares a replica. */
const KEPT = 8;
const simulated = new WeakMap<Model, Map<string, readonly Truth[]>>();

function truthsOf(label: string, source: SyntheticSource, model: Model): readonly Truth[] {
  const known = simulated.get(model) ?? new Map<string, readonly Truth[]>();
  simulated.set(model, known);
  const key = JSON.stringify(source);
  return recall(known, key, KEPT, () => stimuliOf(source).map((stimulus) => truthOf(label, source, stimulus, model)));
}

function truthOf(label: string, source: SyntheticSource, stimulus: Stimulus, model: Model): Truth {
  const current = sampleStimulus(stimulus, source);
  const simulation = simulateTruth(source, current, model);
  if (simulation.kind === 'failed') throw new LoligoError([unsimulable(label, simulation)]);
  return { current, states: simulation.states };
}

/** The stimulus alone, in the model's unit: what `observe` gives as `current`, without a simulation. */
export function unitCurrent({ source }: DataUnit, trace: (hash: string) => TraceObject): Float64Array {
  if (source.kind !== 'synthetic') return Float64Array.from(trace(source.object).current);
  return concatenated(stimuliOf(source).map((stimulus) => sampleStimulus(stimulus, source)));
}

function observeTrace(data: DataUnit, trace: TraceObject): Observation {
  checkSamples(data, { voltageMv: trace.voltageMv.length, current: trace.current.length });
  return {
    segments: unitSegments(data, trace.segments),
    tMs: Float64Array.from(trace.voltageMv, (_, i) => i * trace.sampleMs),
    voltageMv: Float64Array.from(trace.voltageMv),
    current: Float64Array.from(trace.current),
    sampleMs: trace.sampleMs,
    sigmaMv: data.sigmaMv,
    ...(trace.ignored === undefined ? {} : { ignored: trace.ignored }),
    ...(data.spikeShapeMv === undefined ? {} : { spikeShapeMv: data.spikeShapeMv }),
  };
}

function simulateTruth(source: SyntheticSource, current: Float64Array, model: Model, tolerance?: number): SimulationOutcome {
  const { parameters, sampleMs, initialMv } = source;
  const loosened = tolerance === undefined ? {} : { rtol: tolerance, atol: tolerance };
  return simulate(model.untied ?? model, { parameters, initial: { V: initialMv }, current, sampleMs, ...loosened });
}

export type UnitOutcome =
  /** spikes: of the truth, over all stimuli */
  | { readonly kind: 'unit'; readonly unit: DataUnit; readonly spikes: number }
  /** unsimulable: the entry keeps every rule, but its cell has no forward solution */
  | { readonly kind: 'violations'; readonly violations: readonly [Violation, ...Violation[]]; readonly unsimulable: boolean };

/**
 * The data unit of one cell, defaults filled in, several stimuli as its segments; its id is that of its source, so order and number of entries and draws
 * do not change it.
 * @param entryIndex position in the spec's problem.data
 * @param seed the sweep's: another seed gives other noise draws
 */
export function syntheticUnit(entry: SyntheticCell, entryIndex: number, model: Model, seed: number): UnitOutcome {
  const where = `problem.data[${entryIndex}].synthetic`;
  const broken = [...parameterViolations(entry, where, model), ...gridViolations(entry, where), ...stimulusViolations(entry, where)];
  if (isNonEmpty(broken)) return { kind: 'violations', violations: broken, unsimulable: false };
  const source = sourceOf(entry, model, seed);
  const stimuli = stimuliOf(source);
  const trials = stimuli.map((stimulus) => simulateTruth(source, sampleStimulus(stimulus, source), model, TRIAL_TOLERANCE));
  const failed = trials.find((trial) => trial.kind === 'failed');
  if (failed !== undefined) return { kind: 'violations', violations: [unsimulable(where, failed)], unsimulable: true };
  const { samples, sampleMs, noiseMv } = source;
  const unit: DataUnit = {
    id: contentId(source),
    entry: entryIndex,
    label: `synthetic ${entryIndex + 1}`,
    draws: entry.draws ?? 1,
    samples: samples * stimuli.length,
    ...(stimuli.length === 1 ? {} : { segments: firstSamples(stimuli.map(() => samples)) }),
    sampleMs,
    sigmaMv: Math.max(noiseMv, SIGMA_FLOOR_MV),
    source,
  };
  const voltages = trials.flatMap((trial) => (trial.kind === 'done' ? [trial.states['V']!] : []));
  return { kind: 'unit', unit, spikes: voltages.reduce((sum, V) => sum + spikeTimes(V, sampleMs).length, 0) };
}

function sourceOf(entry: SyntheticCell, model: Model, seed: number): SyntheticSource {
  const sampleMs = entry.sampleMs ?? DEFAULT_SAMPLE_MS;
  const [stimulus, second, ...others] = entryStimuli(entry);
  if (stimulus === undefined) throw new Error('internal: a synthetic entry without a stimulus was let pass');
  return {
    kind: 'synthetic',
    parameters: untiedValues(model, entry.parameters),
    stimulus,
    ...(second === undefined ? {} : { furtherStimuli: [second, ...others] }),
    initialMv: entry.initialMv ?? model.rest,
    noiseMv: entry.noiseMv ?? 0,
    seed,
    samples: Math.round(entry.durationMs / sampleMs) + 1,
    sampleMs,
  };
}

function parameterViolations({ parameters = {} }: SyntheticCell, where: string, model: Model): Violation[] {
  return Object.entries(parameters).flatMap(([name, value]): Violation[] => {
    const path = `${where}.parameters.${name}`;
    const known = findParameter(model.untied ?? model, name);
    if (known === undefined) return [unknownParameter(name, path, model)];
    if (known.positive && value < 0) return [{ code: 'SPEC_DATA', where: path, rule: `${name} must not be negative`, got: String(value) }];
    return [];
  });
}

function gridViolations({ durationMs, sampleMs = DEFAULT_SAMPLE_MS }: SyntheticCell, where: string): Violation[] {
  const steps = durationMs / sampleMs;
  if (steps >= MOST_SAMPLES || durationMs > LONGEST_MS) {
    const rule = `at most ${MOST_SAMPLES} samples and ${LONGEST_MS} ms can be simulated`;
    return [{ code: 'SPEC_DATA', where: `${where}.durationMs`, rule, got: `${durationMs} ms at ${sampleMs} ms` }];
  }
  // 1e-6 of a step: 50 / 0.1 is 500 only up to rounding
  if (Math.round(steps) >= 1 && Math.abs(steps - Math.round(steps)) < 1e-6) return [];
  const rule = 'durationMs must be a whole number of samples';
  const remedy = `For instance durationMs: ${Number((Math.max(1, Math.round(steps)) * sampleMs).toPrecision(12))}.`;
  return [{ code: 'SPEC_DATA', where: `${where}.durationMs`, rule, got: `${durationMs} ms at ${sampleMs} ms`, remedy }];
}

/** Of an entry: one, or several of one data unit. */
export function entryStimuli({ stimulus, stimuli }: Pick<Synthetic, 'stimulus' | 'stimuli'>): readonly Stimulus[] {
  return stimulus === undefined ? (stimuli ?? []) : [stimulus];
}

/** One for each segment. */
function stimuliOf({ stimulus, furtherStimuli }: SyntheticSource): readonly Stimulus[] {
  return [stimulus, ...(furtherStimuli ?? [])];
}

function stimulusViolations(entry: SyntheticCell, where: string): Violation[] {
  return entryStimuli(entry)
    .flatMap(stimulusParts)
    .flatMap((part) =>
      'file' in part ? [unsupportedFile(part, `${where}.${entry.stimulus === undefined ? 'stimuli' : 'stimulus'}`)] : [],
    );
}

function unsimulable(where: string, { atMs, reason }: SimulationOutcome & { kind: 'failed' }): Violation {
  const rule = 'the truth must have a forward solution';
  const remedy = 'Check parameters and the amplitude of the stimulus.';
  return { code: 'SPEC_DATA', where, rule, got: `${reason} at ${Number(atMs.toPrecision(6))} ms`, remedy };
}

function isNonEmpty<T>(list: T[]): list is [T, ...T[]] {
  return list.length > 0;
}
