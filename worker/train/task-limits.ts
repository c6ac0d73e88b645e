/**
 * What a task may ask for at most. A spec is held against the same limits where it is written; a task comes over the wire, and one that
 * asks for 1e12 samples must end as its own outcome and not with the thread, or the process, that tried. How much memory a shape takes is
 * not asked here: lanes say it, and a worker without it refuses them (worker/queue/refusals.ts).
 */
import { yardstickMv } from '../../schemas/acceptance.ts';
import { throwIfAny, type Violation } from '../../schemas/errors.ts';
import type { DataUnit, Task } from '../../schemas/generated/types.ts';
import { stimulusParts } from '../simulate/stimuli.ts';

/** 80 MB for each state. */
export const MOST_SAMPLES = 10_000_001;
/** Almost three hours; a simulation may take 2,000 steps per ms, and no signal reaches it on its way. */
export const LONGEST_MS = 1e7;
/** Terms of a stimulus times samples. */
const MOST_TERM_SAMPLES = 1e9;
/** A result with more is refused on its way to the server. */
const MOST_TRACE_POINTS = 100_000;
const MOST_STAGES = 1000;
/** A stretch each, of up to MOST_SAMPLES: they are read one after another. */
const MOST_HELD_OUT = 1000;

/** Throws SPEC_DATA. */
export function checkTask({ accept, data, tracePoints, training }: Pick<Task, 'accept' | 'data' | 'tracePoints' | 'training'>): void {
  throwIfAny([
    ...beyond('data.samples', data.samples, MOST_SAMPLES),
    ...beyond('data.samples * data.sampleMs', (data.samples - 1) * data.sampleMs, LONGEST_MS),
    ...beyond('tracePoints', tracePoints, MOST_TRACE_POINTS),
    ...beyond('training.length', training.length, MOST_STAGES),
    ...beyond('data.heldOut.length', data.heldOut?.length ?? 0, MOST_HELD_OUT),
    ...sourceViolations(data),
    ...(yardstickMv(accept.yardstick ?? 'noise', data) === undefined ? [invalid('data.spikeShapeMv', 'must be there', 'nothing')] : []),
  ]);
}

/** Throws SPEC_DATA: a shape is made for so many samples, and engines are given no other number. */
export function checkSamples({ label, samples }: DataUnit, found: Readonly<Record<string, number>>): void {
  throwIfAny(
    Object.entries(found)
      .filter(([, count]) => count !== samples)
      .map(([name, count]) => invalid(`${label}: ${name}`, `must have ${samples} samples, as the task says`, String(count))),
  );
}

function sourceViolations({ source, samples, sampleMs }: DataUnit): Violation[] {
  if (source.kind !== 'synthetic') return [];
  const stimuli = [source.stimulus, ...(source.furtherStimuli ?? [])];
  const found = source.samples * stimuli.length;
  const same = found === samples && source.sampleMs === sampleMs;
  const terms = stimuli.reduce((sum, stimulus) => sum + stimulusParts(stimulus).length, 0);
  return [
    ...(same ? [] : [invalid('data.source', `must be ${samples} samples of ${sampleMs} ms`, `${found} of ${source.sampleMs} ms`)]),
    ...beyond('terms of the stimuli * samples', terms * source.samples, MOST_TERM_SAMPLES),
  ];
}

function beyond(where: string, value: number, most: number): Violation[] {
  return value <= most ? [] : [invalid(where, `must be at most ${most}`, String(value))];
}

function invalid(where: string, rule: string, got: string): Violation {
  return { code: 'SPEC_DATA', where, rule, got };
}
