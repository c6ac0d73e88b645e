/**
 * Several stored windows as one data unit: one replica is fitted to all of them, with the same parameters and an initial state for each.
 * Held-out stretches of all are kept, and of the rest of a sweep all that is fitted is left out.
 */
import { contentId } from '../../schemas/content-id.ts';
import { samplesThatCount } from '../../schemas/acceptance.ts';
import type { Violation } from '../../schemas/errors.ts';
import type { DataUnit, HeldOut, TraceObject } from '../../schemas/generated/types.ts';
import { firstSamples } from './segments.ts';

export interface StoredUnits {
  readonly units: readonly DataUnit[];
  readonly objects: ReadonlyMap<string, TraceObject>;
}

export interface JointUnit {
  readonly unit: DataUnit;
  /** those that `unit` names */
  readonly objects: ReadonlyMap<string, TraceObject>;
}

/** Why these cannot be one; `where` is the path of the key that asks for it. */
export function jointViolations({ units }: StoredUnits, where: string): Violation[] {
  const samplings = [...new Set(units.map(({ sampleMs }) => sampleMs))];
  if (samplings.length > 1) {
    const rule = 'windows that are fitted jointly must have one sampling';
    return [{ code: 'SPEC_DATA', where, rule, got: samplings.map((ms) => `${ms} ms`).join(', '), remedy: 'Set sampleMs in each entry.' }];
  }
  return units.some(({ source }) => source.kind === 'synthetic')
    ? [
        {
          code: 'SPEC_DATA',
          where,
          rule: 'entries that are fitted jointly must be recordings',
          got: 'a synthetic entry',
          remedy: 'Give one synthetic entry several stimuli and jointly: true.',
        },
      ]
    : [];
}

/** Of one unit that unit, as it is. `units` have one sampling, and none is synthetic. */
export function jointUnit({ units, objects }: StoredUnits): JointUnit {
  const [first, ...others] = units;
  if (first === undefined) throw new Error('internal: a joint unit of no windows');
  if (others.length === 0) return { unit: first, objects };
  const traces = units.map(({ source }) => traceOf(source, objects));
  const segments = firstSamples(traces.map(({ voltageMv }) => voltageMv.length));
  const object: TraceObject = {
    startMs: traces[0]!.startMs,
    sampleMs: first.sampleMs,
    voltageMv: joined(traces.map(({ voltageMv }) => voltageMv)),
    current: joined(traces.map(({ current }) => current)),
    segments,
    ...joinedIgnored(traces, segments),
  };
  const source = { kind: 'trace', object: contentId(object) } as const;
  const heldOut = mergedStretches(units.flatMap((unit) => unit.heldOut ?? []));
  const unit: DataUnit = {
    id: contentId(source),
    entry: first.entry,
    ...(first.sweep !== undefined && others.every(({ sweep }) => sweep === first.sweep) ? { sweep: first.sweep } : {}),
    label: jointLabel(units.map(({ label }) => label)),
    draws: 1,
    samples: object.voltageMv.length,
    ...(object.ignored === undefined ? {} : { counted: units.reduce((sum, unit) => sum + samplesThatCount(unit), 0) }),
    segments,
    sampleMs: first.sampleMs,
    sigmaMv: rootMeanSquareOf(units, ({ sigmaMv }) => sigmaMv),
    ...spikeShapeOf(units),
    source,
    ...(heldOut.length === 0 ? {} : { heldOut }),
  };
  return { unit, objects: new Map([[source.object, object], ...heldOut.map((held) => [held.object, objects.get(held.object)!] as const)]) };
}

function traceOf(source: DataUnit['source'], objects: StoredUnits['objects']): TraceObject {
  const trace = source.kind === 'trace' ? objects.get(source.object) : undefined;
  if (trace === undefined) throw new Error('internal: a window that is not stored cannot be fitted jointly');
  return trace;
}

function joined(parts: readonly (readonly number[])[]): [number, number, ...number[]] {
  return parts.flat() as [number, number, ...number[]]; // each part has two or more
}

function joinedIgnored(traces: readonly TraceObject[], segments: readonly number[]): Pick<TraceObject, 'ignored'> {
  const ignored = traces.flatMap((trace, k) =>
    (trace.ignored ?? []).map(([first, last]): [number, number] => [first + segments[k]!, last + segments[k]!]),
  );
  return ignored.length === 0 ? {} : { ignored };
}

/** Over all samples: chi2 of a joint fit is counted in it. Equal values stay as they are. */
function rootMeanSquareOf(units: readonly DataUnit[], value: (unit: DataUnit) => number): number {
  const first = value(units[0]!);
  if (units.every((unit) => value(unit) === first)) return first;
  const samples = units.reduce((sum, unit) => sum + unit.samples, 0);
  return Math.sqrt(units.reduce((sum, unit) => sum + unit.samples * value(unit) ** 2, 0) / samples);
}

/** Of those windows whose sweep has it. */
function spikeShapeOf(units: readonly DataUnit[]): Pick<DataUnit, 'spikeShapeMv'> {
  const known = units.filter(({ spikeShapeMv }) => spikeShapeMv !== undefined);
  return known.length === 0 ? {} : { spikeShapeMv: rootMeanSquareOf(known, ({ spikeShapeMv }) => spikeShapeMv!) };
}

/** Each stretch once; of the rest of a sweep, everything that one of the windows covers is fitted. */
function mergedStretches(stretches: readonly HeldOut[]): HeldOut[] {
  const merged = new Map<string, HeldOut>();
  for (const stretch of stretches) {
    const key = `${stretch.object} ${stretch.label}`;
    const fitted = [...(merged.get(key)?.fitted ?? []), ...(stretch.fitted ?? [])];
    merged.set(key, fitted.length === 0 ? stretch : { ...stretch, fitted });
  }
  return [...merged.values()];
}

/** "cell.abf sweep 8 onset of B + sweep 10 onset of B, jointly": a file that is the same is named once. */
function jointLabel(labels: readonly string[]): string {
  const [first = '', ...others] = labels;
  const file = first.slice(0, first.indexOf(' sweep') + 1);
  const words = [first, ...others.map((label) => (label.startsWith(file) ? label.slice(file.length) : label))];
  const more = words.length - MOST_NAMED;
  return `${words.slice(0, MOST_NAMED).join(' + ')}${more > 0 ? ` and ${more} more` : ''}, jointly`;
}

/** Windows that a label names. */
const MOST_NAMED = 4;
