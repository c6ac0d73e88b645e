/**
 * The data units of a problem: those of its entries, each on its own or jointly, with the stretches that they are scored on. Every recording
 * is read here and replaced by its content.
 */
import { canonicalJson } from '../../schemas/content-id.ts';
import { LoligoError, type Violation } from '../../schemas/errors.ts';
import type { DataUnit, Problem, RecordingSpec, TraceObject } from '../../schemas/generated/types.ts';
import type { Model } from '../models/model.ts';
import { doubled, leaks, tooManyScored } from '../recordings/held-out.ts';
import { recordingUnits, type RecordingUnits } from '../recordings/windows.ts';
import { jointUnit, jointViolations, type StoredUnits } from './joint-unit.ts';
import { syntheticUnits } from './synthetic-units.ts';

export interface DataUnits {
  readonly units: DataUnit[];
  /** Texts that units name by their hash. */
  readonly objects: [string, string][];
  readonly notes: string[];
  readonly violations: Violation[];
}

/** What a spec means beside its text. */
interface DataSources {
  /** Paths are relative to this folder. */
  readonly folder: string;
  /** The sweep's. */
  readonly seed: number;
}

export async function dataUnits({ data, jointly }: Problem, { folder, seed }: DataSources, model: Model): Promise<DataUnits> {
  const [units, notes, violations]: [DataUnit[], string[], Violation[]] = [[], [], []];
  const objects = new Map<string, TraceObject>();
  const recorded: RecordingUnits[] = [];
  const take = (found: StoredUnits): void => {
    units.push(...found.units);
    for (const [hash, trace] of found.objects) objects.set(hash, trace);
  };
  for (const [index, entry] of data.entries()) {
    try {
      if ('synthetic' in entry) {
        const made = syntheticUnits(entry.synthetic, index, model, seed);
        notes.push(...made.notes);
        take(made);
      } else {
        const found = await recordingUnits(entry.recording, index, folder, model.currentUnit);
        notes.push(...found.notes);
        recorded.push(found);
        take(entryUnits(found, entry.recording));
      }
    } catch (error) {
      if (!(error instanceof LoligoError)) throw error;
      violations.push(...error.violations.map(inSpec));
    }
  }
  if (jointly !== true || violations.length > 0) return { units, objects: texts(objects), notes, violations };
  const wrong = wrongTogether(recorded, { units, objects });
  if (wrong.length > 0) return { units, objects: [], notes, violations: wrong };
  const whole = jointUnit({ units, objects });
  return { units: [whole.unit], objects: texts(whole.objects), notes, violations };
}

/** Each window for itself, or all of them as one unit. */
function entryUnits(found: RecordingUnits, { jointly }: RecordingSpec): StoredUnits {
  if (jointly !== true) return found;
  const { unit, objects } = jointUnit(found);
  return { units: [unit], objects };
}

function wrongTogether(recorded: readonly RecordingUnits[], stored: StoredUnits): Violation[] {
  const fitted = recorded.flatMap((found) => found.fitted);
  const heldOut = recorded.flatMap((found) => found.heldOut);
  return [
    ...jointViolations(stored, 'spec.problem.jointly'),
    ...doubled(fitted, 'spec.problem.jointly'),
    ...leaks(fitted, heldOut, 'spec.problem.jointly'),
    ...tooManyScored(scoredSamples(stored), 'spec.problem.jointly'),
  ];
}

/** Of all units together, each stretch once. */
function scoredSamples({ units, objects }: StoredUnits): number {
  const stretches = new Set(units.flatMap(({ heldOut = [] }) => heldOut.map(({ object }) => object)));
  return [...stretches].reduce((sum, object) => sum + objects.get(object)!.voltageMv.length, 0);
}

function texts(objects: ReadonlyMap<string, TraceObject>): [string, string][] {
  return [...objects].map(([hash, trace]) => [hash, canonicalJson(trace)]);
}

/** Rooms name a place from the problem on; a recording's own violations name its file. */
function inSpec(violation: Violation): Violation {
  return violation.where.startsWith('problem.') ? { ...violation, where: `spec.${violation.where}` } : violation;
}
