/**
 * The recordings that the study of real cells fits, and the sweeps it makes of each: what is chosen by hand for a cell stands here and
 * nowhere else. Files are those of the recordings' folder; its README says what each is.
 */
import { join } from 'node:path';

/** nS, pF, mV, 1: Pospischil kinetics of a fast-spiking cell in whole-cell units. */
const MODEL = 'pospischil-fs';
/** Within one spike the M current is part of the leak. */
const HELD = { gM: 0.01, ENa: 50, EK: -90 };
/** As in the feasibility study: conductances and leak; and with them the common threshold and the rates of the gates. */
export const FREE_SETS = {
  g4: ['gNa', 'gK', 'gL', 'EL'],
  g8: ['gNa', 'gK', 'gL', 'EL', 'VT', 'phim', 'phih', 'phin'],
};
const NARROW = { beforeMs: 3, afterMs: 9, sampleMs: 0.05 };
const BROAD = { beforeMs: 5, afterMs: 20, sampleMs: 0.1 };

/**
 * sweep: of the trace whose spikes are fitted, a suprathreshold one with room between spikes; join: all sweeps as one trace.
 * skip: fit spikes in a row, those after so many, instead of spikes from the first to the last.
 * C: pF, by `loligo inspect FILE --passive` on the steps of that cell.
 */
export const CELLS = [
  { name: 'fast-spiking', stimulus: 'step', file: 'pyabf/2019_07_24_0055_fsi.abf', sweep: 10, window: NARROW, C: 25.7 },
  { name: 'fast-spiking', stimulus: 'step, in a row', file: 'pyabf/2019_07_24_0055_fsi.abf', sweep: 10, window: NARROW, skip: 10, C: 25.7 },
  { name: 'slow', stimulus: 'step', file: 'pyabf/171116sh_0018.abf', sweep: 14, window: BROAD, C: 162 },
  { name: 'slow', stimulus: 'ramp', file: 'pyabf/171116sh_0016.abf', join: true, window: BROAD, C: 162 },
  { name: 'pacemaker', stimulus: 'step', file: 'pyabf/17o05028_ic_steps.abf', sweep: 10, window: BROAD, C: 27.2 },
  { name: 'pacemaker', stimulus: 'ramp', file: 'pyabf/17o05027_ic_ramp.abf', sweep: 1, window: BROAD, C: 27.2 },
  {
    name: 'pulsed',
    stimulus: 'pulses',
    file: 'pyabf/18425108.abf',
    sweep: 0,
    window: { beforeMs: 1.5, afterMs: 6, sampleMs: 0.04 },
    C: 83.4,
    correct: { bridgeMohm: 'estimate' },
  },
  { name: 'adapting', stimulus: 'step', file: 'pyabf/18713001.abf', sweep: 22, window: BROAD, C: 74.3 },
  { name: 'strongly adapting', stimulus: 'step', file: 'gigaseal/demo_1.abf', sweep: 10, window: BROAD, C: 24.2 },
  { name: 'CA1 pyramidal', stimulus: 'step', file: 'nwbshowcase-ferguson2015/PYR2.abf', sweep: 7, window: BROAD, C: 26 },
  {
    name: 'barrel cortex',
    stimulus: 'step',
    file: 'nwbshowcase-lantyer2018/LantyerEtAl2018_180817_ME_9_CC.nwb',
    sweep: 6,
    window: NARROW,
    C: 31.1,
  },
];

/** One sweep of the program: every chosen spike of one recording by two widths and two seeds. */
export function specOf(cell, free, windowsMs, recordings) {
  const { beforeMs: _before, afterMs: _after, sampleMs } = cell.window;
  return {
    name: `${cell.name}-${cell.stimulus}-${free}`.replaceAll(/[ ,]+/g, '-'),
    seed: 1,
    problem: {
      model: MODEL,
      infer: FREE_SETS[free],
      fixed: { ...HELD, C: cell.C },
      data: [
        {
          recording: {
            file: join(recordings, cell.file),
            ...(cell.join === true ? { joinSweeps: true } : { sweeps: [cell.sweep] }),
            windowMs: windowsMs,
            sampleMs,
            rest: false,
            ...(cell.correct === undefined ? {} : { correct: cell.correct }),
          },
        },
      ],
    },
    space: { 'network.width': { choice: [16, 24] }, 'network.features': 20, replicas: 2 },
    training: ['standard', { finish: 'shooting' }],
    accept: { yardstick: 'spikeShape', chi2: 'off', rmseMv: 5, spikes: 'equal' },
    tolerate: { failed: 1, diverged: 1 },
  };
}
