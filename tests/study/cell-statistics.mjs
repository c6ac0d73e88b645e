/** What the fits of one recording say: misfit, spikes, and the spread of each parameter across spikes, seeds and networks. Pure. */

import { median } from './statistics.mjs';

/**
 * fits: as readFits returns them. cv: standard deviation over mean. Across spikes it is that of the medians of each spike's accepted replicas;
 * across seeds and networks the median over spikes of the spread within a spike.
 */
export function summariseFits(fits, infer) {
  const spikes = [...new Set(fits.map(({ spike }) => spike))];
  const accepted = fits.filter(({ outcome }) => outcome === 'converged');
  return {
    spikes: spikes.length,
    replicas: fits.length,
    accepted: accepted.length,
    network: describe(fits, 'network'),
    finished: describe(fits, 'finished'),
    reconstructionMv: median(fits.map(({ reconstructionMv }) => reconstructionMv)),
    yardstickMv: median(fits.flatMap(({ yardstickMv }) => yardstickMv ?? [])),
    heldOut: heldOutOf(accepted),
    atBound: counted(accepted.flatMap(({ finished }) => finished.atBound)),
    shares: sharesOf(fits),
    reasons: counted(fits.flatMap(({ outcome, reason }) => (outcome === 'converged' ? [] : [reason ?? outcome]))),
    parameters: Object.fromEntries(infer.map((name) => [name, spreadOf(accepted, name, spikes)])),
  };
}

function describe(fits, stage) {
  const solved = fits.filter((fit) => fit[stage] !== null);
  const right = solved.filter((fit) => fit[stage].spikes === fit.observed.spikes);
  return { rmseMv: median(solved.map((fit) => fit[stage].rmseMv)), right: fits.length === 0 ? null : right.length / fits.length };
}

/** Of the accepted: on the stretch that none of them has seen. */
function heldOutOf(accepted) {
  const scores = accepted.flatMap(({ heldOut }) => heldOut ?? []);
  if (scores.length === 0) return null;
  const middle = (name) => median(scores.map((score) => score[name]));
  return { rmseMv: middle('rmseMv'), coincidence: middle('coincidence'), observed: middle('observed'), simulated: middle('simulated') };
}

/** Where the misfit lies: medians over what has a forward solution. */
function sharesOf(fits) {
  const solved = fits.flatMap(({ finished }) => finished ?? []);
  if (solved.length === 0) return null;
  return Object.fromEntries(Object.keys(solved[0].shares).map((phase) => [phase, median(solved.map(({ shares }) => shares[phase]))]));
}

function spreadOf(accepted, name, spikes) {
  const value = ({ finished }) => finished.parameters[name];
  const bySpike = spikes.map((spike) => accepted.filter((fit) => fit.spike === spike));
  const perSpike = bySpike.filter((fits) => fits.length > 0).map((fits) => median(fits.map(value)));
  const byNetwork = bySpike.map((fits) =>
    [...new Set(fits.map(({ width }) => width))].map((width) => fits.filter((fit) => fit.width === width)),
  );
  const seeds = byNetwork.flat().flatMap((fits) => (fits.length < 2 ? [] : [cv(fits.map(value))]));
  const networks = byNetwork.flatMap((groups) => (groups.length < 2 ? [] : [cv(groups.map((fits) => median(fits.map(value))))]));
  return { median: median(perSpike), values: perSpike, cvSpikes: cv(perSpike), cvSeeds: median(seeds), cvNetworks: median(networks) };
}

function counted(reasons) {
  return Object.fromEntries([...new Set(reasons)].map((reason) => [reason, reasons.filter((one) => one === reason).length]));
}

/** Null of fewer than two values. */
export function cv(values) {
  if (values.length < 2) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(square / (values.length - 1)) / Math.abs(mean);
}
