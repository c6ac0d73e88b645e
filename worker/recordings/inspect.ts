/** What is in a recording: the object of `loligo inspect --json`, and the same as a table for people. */
import { median } from '../../schemas/sample-quantile.ts';
import { describeEpochs, inspectEpochs, type EpochInspection } from './describe-epochs.ts';
import { edgesMs } from './edges.ts';
import type { Channel, RecordedStimulus, Recording, Sweep } from './recording.ts';
import { findCrossings } from './spikes.ts';
import type { SpikeOptions } from './spikes.ts';

/** Rest is the median of V over so long. */
const REST_MS = 15;

export interface SweepInspection {
  readonly index: number;
  readonly samples: number;
  readonly sampleMs: number;
  readonly voltageChannel: string;
  readonly stimulus: RecordedStimulus;
  /** as windows can name them */
  readonly epochs: readonly EpochInspection[];
  readonly restMv: number;
  /** ms on the file's own time axis */
  readonly spikes: readonly number[];
  /** ms; upward crossings that ride on an edge of the command, or in ignored samples, and are not counted as spikes (see spikes.ts) */
  readonly edgeCrossings: readonly number[];
}

export interface Inspection {
  readonly file: string;
  readonly format: string;
  readonly channels: readonly Channel[];
  /** Each sweep starts when the one before it ends: `joinSweeps` is possible. */
  readonly continuous: boolean;
  readonly sweeps: readonly SweepInspection[];
  /** What the importer left out or assumed, and what was corrected; absent when nothing was. */
  readonly notes?: readonly string[];
}

/** `sweeps` are all of the file's: epochs are found in all of them together. */
export function inspectRecording({ file, format, channels, continuous, sweeps, notes }: Recording, options: SpikeOptions = {}): Inspection {
  const epochs = inspectEpochs(sweeps);
  return {
    file,
    format,
    channels,
    continuous,
    sweeps: sweeps.map((sweep, k) => inspectSweep(sweep, epochs[k]!, options)),
    ...(notes === undefined ? {} : { notes }),
  };
}

function inspectSweep(sweep: Sweep, epochs: readonly EpochInspection[], options: SpikeOptions): SweepInspection {
  const { index, startMs, sampleMs, voltageChannel, voltageMv, stimulus, ignored = [] } = sweep;
  const { spikesMs, edgeCrossingsMs } = findCrossings(voltageMv, sampleMs, { edgesMs: edgesMs(sweep), ignored, ...options });
  const inFile = (timeMs: number): number => Number((startMs + timeMs).toFixed(4));
  return {
    index,
    samples: voltageMv.length,
    sampleMs,
    voltageChannel,
    stimulus,
    epochs,
    restMv: median(voltageMv.slice(0, Math.max(1, Math.round(REST_MS / sampleMs)))) ?? NaN,
    spikes: spikesMs.map(inFile),
    edgeCrossings: edgeCrossingsMs.map(inFile),
  };
}

const HEADINGS = ['sweep', 'samples', 'every', 'voltage', 'rest', 'stimulus', 'spikes'] as const;

/** Several lines without a line feed at the end. */
export function describeInspection({ file, format, channels, continuous, sweeps, notes = [] }: Inspection): string {
  const rows = [HEADINGS, ...sweeps.map(describeSweep)];
  const widths = HEADINGS.map((_, column) => rows.reduce((width, row) => Math.max(width, row[column]!.length), 0));
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  const epochs = describeEpochs(sweeps, sweeps[0]?.stimulus.unit ?? '');
  const left = sweeps.reduce((count, { edgeCrossings }) => count + edgeCrossings.length, 0);
  return [
    `${file}: ${format}, ${sweeps.length} ${sweeps.length === 1 ? 'sweep' : 'sweeps'}${continuous ? ', continuous' : ''}`,
    `channels: ${channels.map(({ name, unit }) => `${name} (${unit})`).join(', ')}`,
    '',
    ...table,
    ...(epochs.length === 0 ? [] : ['', ...epochs]),
    ...(left === 0
      ? []
      : [
          '',
          `Not counted: ${left} crossings of the spike threshold within 0.2 ms after an edge of the current (bridge not balanced), or in samples that are ignored.`,
        ]),
    ...(notes.length === 0 ? [] : ['', ...notes]),
  ].join('\n');
}

function describeSweep({ index, samples, sampleMs, voltageChannel, restMv, stimulus, spikes }: SweepInspection): string[] {
  const { source, channel, unit, kind } = stimulus;
  const current = source === 'none' ? 'not known' : `${kind}, ${source} ${channel} (${unit})`;
  return [
    String(index),
    String(samples),
    `${Number(sampleMs.toPrecision(6))} ms`,
    voltageChannel,
    `${restMv.toFixed(1)} mV`,
    current,
    String(spikes.length),
  ];
}
