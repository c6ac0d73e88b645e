/**
 * The recordings that the study of real cells fits, and the sweeps it makes of each: what is chosen by hand for a cell stands here and
 * nowhere else. Files are those of the recordings' folder; its README says what each is.
 */
import { join } from 'node:path';

/** nS, pF, mV, 1: Pospischil kinetics of a fast-spiking cell in whole-cell units. */
const MODEL = 'pospischil-fs';
/** Within one spike the M current is part of the leak. ENa is free or this. */
const HELD = { gM: 0.01, EK: -90 };
const ENA = 50;
const G8 = ['gNa', 'gK', 'gL', 'EL', 'VT', 'phim', 'phih', 'phin'];
/**
 * As in the feasibility study: conductances and leak; and with them the common threshold and the rates of the gates. g9 frees ENa too, since
 * spikes of two cells peak above the 50 mV that are held, which no conductances can do.
 */
export const FREE_SETS = { g4: G8.slice(0, 4), g8: G8, g9: [...G8, 'ENa'] };
/** With g9: what one would say before the data, so that a rate that V does not tell stays where it can be. */
const PRIORS = {
  phim: { logNormal: [1, 2] },
  phih: { logNormal: [1, 2] },
  phin: { logNormal: [1, 2] },
  ENa: { normal: [60, 10] },
};
/** mV: what a prior is weighed against, about the spread of a cell's own spike shapes. */
const MISFIT_MV = 0.5;

/** An upstroke of 300 mV/ms needs frequencies up to 1 kHz and every sample. */
const NARROW = { beforeMs: 3, afterMs: 9, sampleMs: 0.05, network: { 'network.features': 20 } };
const SHARP = { ...NARROW, network: { 'network.features': 24, 'network.bandwidthKhz': 1 } };
const BROAD = { beforeMs: 5, afterMs: 20, sampleMs: 0.05, network: { 'network.features': 32, 'network.bandwidthKhz': 1 } };

/** Spikes of a recording. */
export const SPIKES = 3;

/**
 * sweep: of the trace whose spikes are fitted, a suprathreshold one with room between spikes; join: all sweeps as one trace.
 * skip: fit spikes in a row, those after so many, instead of spikes from the first to the last. spikes: how many, where not SPIKES.
 * heldOut: what the fits of g9 are scored on: the next step of the protocol, whole.
 * ramp: of the same cell, predicted from each fitted spike; all sweeps as one trace where none is named.
 * C: pF, by `loligo inspect FILE --passive` on the steps of that cell.
 */
export const CELLS = [
  {
    name: 'fast-spiking',
    stimulus: 'step',
    file: 'pyabf/2019_07_24_0055_fsi.abf',
    sweep: 10,
    window: NARROW,
    spikes: 10,
    C: 25.7,
    heldOut: { sweeps: [11], windowMs: [120, 650] },
  },
  {
    name: 'fast-spiking',
    stimulus: 'step, in a row',
    file: 'pyabf/2019_07_24_0055_fsi.abf',
    sweep: 10,
    window: NARROW,
    spikes: 10,
    skip: 10,
    C: 25.7,
    heldOut: { sweeps: [11], windowMs: [120, 650] },
  },
  {
    name: 'slow',
    stimulus: 'step',
    file: 'pyabf/171116sh_0018.abf',
    sweep: 14,
    window: BROAD,
    spikes: 5,
    C: 162,
    heldOut: { sweeps: [15], windowMs: [120, 650] },
    ramp: { file: 'pyabf/171116sh_0016.abf' },
  },
  { name: 'slow', stimulus: 'ramp', file: 'pyabf/171116sh_0016.abf', join: true, window: BROAD, spikes: 5, C: 162 },
  {
    name: 'pacemaker',
    stimulus: 'step',
    file: 'pyabf/17o05028_ic_steps.abf',
    sweep: 10,
    window: BROAD,
    spikes: 5,
    C: 27.2,
    heldOut: { sweeps: [11], windowMs: [120, 650] },
    ramp: { file: 'pyabf/17o05027_ic_ramp.abf', sweep: 1 },
  },
  { name: 'pacemaker', stimulus: 'ramp', file: 'pyabf/17o05027_ic_ramp.abf', sweep: 1, window: BROAD, spikes: 5, C: 27.2 },
  {
    name: 'pulsed',
    stimulus: 'pulses',
    file: 'pyabf/18425108.abf',
    sweep: 0,
    window: { ...SHARP, beforeMs: 1.5, afterMs: 6, sampleMs: 0.04 },
    C: 83.4,
    correct: { bridgeMohm: 'estimate', blankMs: 0.3 },
  },
  {
    name: 'adapting',
    stimulus: 'step',
    file: 'pyabf/18713001.abf',
    sweep: 22,
    window: BROAD,
    C: 74.3,
    heldOut: { sweeps: [23], windowMs: [800, 1330] },
  },
  {
    name: 'strongly adapting',
    stimulus: 'step',
    file: 'gigaseal/demo_1.abf',
    sweep: 10,
    window: BROAD,
    C: 24.2,
    heldOut: { sweeps: [11], windowMs: [550, 1290] },
  },
  {
    name: 'CA1 pyramidal',
    stimulus: 'step',
    file: 'nwbshowcase-ferguson2015/PYR2.abf',
    sweep: 7,
    window: { ...BROAD, sampleMs: 0.1 },
    C: 26,
    heldOut: { sweeps: [8], windowMs: [50, 1090] },
  },
  {
    name: 'barrel cortex',
    stimulus: 'step',
    file: 'nwbshowcase-lantyer2018/LantyerEtAl2018_180817_ME_9_CC.nwb',
    sweep: 6,
    window: SHARP,
    C: 31.1,
    heldOut: { sweeps: [7], windowMs: [80, 620] },
  },
];

/** One sweep of the program: every chosen spike of one recording by two widths and two seeds. */
export function specOf(cell, free, windowsMs, recordings) {
  const { sampleMs, network } = cell.window;
  const known = FREE_SETS[free].includes('ENa');
  return {
    name: `${cell.name}-${cell.stimulus}-${free}`.replaceAll(/[ ,]+/g, '-'),
    seed: 1,
    problem: {
      model: MODEL,
      infer: known ? Object.fromEntries(FREE_SETS[free].map(withPrior)) : FREE_SETS[free],
      fixed: { ...HELD, ...(known ? {} : { ENa: ENA }), C: cell.C },
      data: [
        {
          recording: {
            file: join(recordings, cell.file),
            ...(cell.join === true ? { joinSweeps: true } : { sweeps: [cell.sweep] }),
            windowMs: windowsMs,
            sampleMs,
            rest: false,
            ...(known ? { noiseMv: MISFIT_MV } : {}),
            ...(known && cell.heldOut !== undefined ? { holdOut: cell.heldOut } : {}),
            ...(cell.correct === undefined ? {} : { correct: cell.correct }),
          },
        },
      ],
    },
    space: { 'network.width': { choice: [16, 24] }, ...network, replicas: 2 },
    training: ['standard', { finish: 'shooting' }],
    accept: { yardstick: 'spikeShape', chi2: 'off', rmseMv: 5, spikes: 'equal' },
    tolerate: { failed: 1, diverged: 1 },
  };
}

function withPrior(name) {
  return [name, name in PRIORS ? { prior: PRIORS[name] } : {}];
}
