/** Recordings of one made-up cell, as CSV and as ABF, and the data units of an entry that names one of them. */
import type { RecordingSpec } from '../../schemas/generated/types.ts';
import { recordingUnits, type RecordingUnits } from '../../worker/recordings/windows.ts';
import { abf2File, STEP_DAC } from './abf2-file.ts';
import { temporaryFiles } from './temporary-file.ts';

const columns = { timeMs: 't', voltageMv: 'V', currentPa: 'I' };
export const CELL: RecordingSpec = { file: 'cell.csv', columns };

/** 100 ms at 0.1 ms from -65 mV with spikes at 20, 50 and 98 ms; current 0, then 10 from 30 ms on. */
export const rows = Array.from({ length: 1001 }, (_, i) => {
  const spike = [200, 500, 980].reduce((sum, at) => sum + 100 * Math.exp(-((i - at) ** 2) / 50), 0);
  return `${i / 10},${(-65 + spike + 0.05 * Math.sin(i * i)).toFixed(6)},${i < 300 ? 0 : 10}`;
});

interface WindowedCell {
  readonly write: ReturnType<typeof temporaryFiles>['write'];
  /** Of an entry at place 4 of problem.data. */
  readonly units: (entry: RecordingSpec, unit?: string) => Promise<RecordingUnits>;
}

/** Call once at the top of a test file. */
export function windowedCell(): WindowedCell {
  const { write, folder } = temporaryFiles();
  write('cell.csv', `t,V,I\n${rows.join('\n')}\n`);
  write('late.csv', `t,V,I\n${rows.map((row) => row.replace(/^[^,]+/, (t) => String(1000 + Number(t)))).join('\n')}\n`);
  write('density.csv', `t,V,I\n${rows.join('\n')}\n`);
  // Sweeps of 6.4 ms, each with one spike at sample 60.
  const digit = 10 / 327.68;
  write('cell.abf', abf2File({ value: (_, __, sample) => Math.round((-65 + 100 * Math.exp(-((sample - 60) ** 2) / 20)) / digit) }));
  write('paused.abf', abf2File({ startToStartMs: 100 }));
  write('unknown.abf', abf2File({ dacs: [{ ...STEP_DAC, source: 2 }] }));
  return { write, units: (entry, unit = 'pA') => recordingUnits(entry, 4, folder, unit) };
}
