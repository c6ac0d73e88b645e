/** Simulated pairs of runs of which the truth is known, for the study of the gate. Random numbers are the program's own, by name. */
const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { randomStream } = await built('schemas/random.js');
const { sha256 } = await built('schemas/content-id.js');

const SPREAD = 0.02;
/** Robust spreads of the nightly sweep's logarithms of misfits and core-seconds are of this order. */
const MISFIT_SPREAD = 0.15;
const SPEED_SPREAD = 0.05;
/** Share of the variance that seeds on one draw have in common. */
const OF_DRAW = 0.9;

const PARAMETERS = ['gNa', 'gK', 'gL'];
const MISFITS = ['V', 'm', 'h', 'n', 'rmseMv'];
const TOLERANCES = { spread: 0.25, success: 0.1, speed: 1 };

/**
 * `pairing`: replica (the same replicas), draw (other seeds on the same draws), none (other draws). `correlation`: of a replica with its pair.
 * `drawCorrelation`: of what seeds
 * on a draw share. `shift`: of gNa, a share. `widened`: factor on gNa's spread. `success`: shares before and after. `tails`: normal, or t with 3 degrees
 * of freedom, or contaminated (one in ten replicas scatters five times as far).
 */
export const CASES = [
  { name: 'nothing changed, paired', draws: 32, pairing: 'replica', watched: 'location' },
  { name: 'nothing changed, paired, correlation 0.5', draws: 32, correlation: 0.5, pairing: 'replica', watched: 'location' },
  { name: 'nothing changed, paired, heavy tails (t, 3 df)', draws: 32, tails: 't', pairing: 'replica', watched: 'location' },
  { name: 'nothing changed, paired, 1 in 10 scatters 5-fold', draws: 32, tails: 'contaminated', pairing: 'replica', watched: 'location' },
  { name: 'nothing changed, paired, 8 draws of 4 seeds', draws: 8, seeds: 4, pairing: 'replica', watched: 'location' },
  {
    name: 'every draw moved by its own, 8 draws of 4 seeds',
    draws: 8,
    seeds: 4,
    drawCorrelation: 0.8,
    pairing: 'replica',
    watched: 'location',
  },
  { name: 'nothing changed, paired, 2 draws of 16 seeds', draws: 2, seeds: 16, pairing: 'replica', watched: 'location' },
  { name: 'nothing changed, paired, 80 % accepted', draws: 32, success: [0.8, 0.8], pairing: 'replica', watched: 'success rate' },
  { name: 'nothing changed, other seeds on 16 draws', draws: 16, seeds: 2, pairing: 'draw', watched: 'location' },
  { name: 'nothing changed, unpaired', draws: 32, pairing: 'none', watched: 'location' },
  { name: 'nothing changed, unpaired, 8 draws of 4 seeds', draws: 8, seeds: 4, pairing: 'none', watched: 'location' },
  { name: 'nothing changed, unpaired, heavy tails (t, 3 df)', draws: 32, tails: 't', pairing: 'none', watched: 'location' },
  { name: 'nothing changed, unpaired, 80 % accepted', draws: 32, success: [0.8, 0.8], pairing: 'none', watched: 'success rate' },
  { name: 'gNa shifted by 1 %, paired', draws: 32, shift: 0.01, pairing: 'replica', watched: 'location' },
  {
    name: 'gNa shifted by 1 %, paired, correlation 0.8',
    draws: 32,
    shift: 0.01,
    correlation: 0.8,
    pairing: 'replica',
    watched: 'location',
  },
  {
    name: 'gNa shifted by 1 %, paired, correlation 0.5',
    draws: 32,
    shift: 0.01,
    correlation: 0.5,
    pairing: 'replica',
    watched: 'location',
  },
  {
    name: 'gNa shifted by 1 %, paired, heavy tails (t, 3 df)',
    draws: 32,
    shift: 0.01,
    tails: 't',
    pairing: 'replica',
    watched: 'location',
  },
  {
    name: 'gNa shifted by 1 %, paired, 1 in 10 scatters 5-fold',
    draws: 32,
    shift: 0.01,
    tails: 'contaminated',
    pairing: 'replica',
    watched: 'location',
  },
  { name: 'gNa shifted by 1 %, paired, 8 draws of 4 seeds', draws: 8, seeds: 4, shift: 0.01, pairing: 'replica', watched: 'location' },
  { name: 'gNa shifted by 1 %, other seeds on 16 draws', draws: 16, seeds: 2, shift: 0.01, pairing: 'draw', watched: 'location' },
  { name: 'gNa shifted by 1 %, unpaired', draws: 32, shift: 0.01, pairing: 'none', watched: 'location' },
  { name: 'gNa shifted by 3 %, unpaired', draws: 32, shift: 0.03, pairing: 'none', watched: 'location' },
  { name: 'gNa scatters twice as far, paired', draws: 32, widened: 2, pairing: 'replica', watched: 'spread' },
  { name: 'gNa scatters twice as far, unpaired', draws: 32, widened: 2, pairing: 'none', watched: 'spread' },
  { name: 'accepted: 95 % to 60 %, paired', draws: 32, success: [0.95, 0.6], pairing: 'replica', watched: 'success rate' },
  { name: 'accepted: 95 % to 60 %, unpaired', draws: 32, success: [0.95, 0.6], pairing: 'none', watched: 'success rate' },
];

/** A baseline and a night after it. */
export function nightOf(given, name) {
  const one = { seeds: 1, correlation: 0.9, drawCorrelation: 1, shift: 0, widened: 1, success: [0.95, 0.95], tails: 'normal', ...given };
  const random = randomStream(0, name);
  let drawn = 0;
  // a stream serves either uniform or normal numbers at an index
  const normal = () => random.normal(drawn++);
  const uniform = () => random.uniform(drawn++);
  const deviate = () => tailed(one.tails, normal, uniform);
  const names = [...PARAMETERS, ...MISFITS];
  const size = one.draws * one.seeds;
  const before = [];
  const after = [];
  const ofDraw = [];
  for (let r = 0; r < size; r++) {
    const draw = Math.floor(r / one.seeds);
    if (r % one.seeds === 0) ofDraw.push({ before: names.map(deviate), after: names.map(deviate) });
    const own = names.map(() => deviate());
    const fresh = names.map(() => deviate());
    const shared = sharedAfter(one, ofDraw[draw]);
    before.push(replica(one, 'before', r, draw, valuesOf(one, ofDraw[draw].before, own, 0), [uniform(), uniform()]));
    after.push(replica(one, 'after', r, draw, valuesOf(one, shared, paired(one, own, fresh), 1), [uniform(), uniform()]));
  }
  // within a paired replica acceptance changes as little as its estimate
  if (one.pairing === 'replica' && one.success[0] === one.success[1])
    after.forEach((replicaAfter, r) => keepOutcome(before[r], replicaAfter, one.correlation, uniform));
  return { baseline: baselineOf(one, before), current: { ...headOf(one), replicas: sorted(after) } };
}

/** Standardised deviates with a variance (t: 3) of 1. */
function tailed(tails, normal, uniform) {
  if (tails === 't') return normal() / Math.sqrt((normal() ** 2 + normal() ** 2 + normal() ** 2) / 3) / Math.sqrt(3);
  if (tails === 'contaminated') return uniform() < 0.1 ? 5 * normal() : normal();
  return normal();
}

/** Deviates of the new run: of the same replica correlated, of another seed its own. */
function paired({ pairing, correlation, seeds }, own, fresh) {
  if (pairing !== 'replica') return fresh;
  const inner = ownCorrelation(correlation, seeds);
  return own.map((value, i) => inner * value + Math.sqrt(1 - inner ** 2) * fresh[i]);
}

/** What the seeds of a draw share in the new run. */
function sharedAfter({ pairing, drawCorrelation }, { before, after }) {
  if (pairing === 'none') return after;
  return before.map((value, i) => drawCorrelation * value + Math.sqrt(1 - drawCorrelation ** 2) * after[i]);
}

/** With several seeds the draw's part is shared whole, and the replica's own part carries the rest of the correlation. */
function ownCorrelation(correlation, seeds) {
  return seeds === 1 ? correlation : Math.max(0, (correlation - OF_DRAW) / (1 - OF_DRAW));
}

/** On the logarithm, then in the unit. With one seed a draw the draw's part is in the replica's own. */
function valuesOf({ seeds, shift, widened }, shared, own, late) {
  const names = [...PARAMETERS, ...MISFITS];
  return names.map((name, i) => {
    const deviate = seeds === 1 ? own[i] : Math.sqrt(OF_DRAW) * shared[i] + Math.sqrt(1 - OF_DRAW) * own[i];
    const spread = (PARAMETERS.includes(name) ? SPREAD : MISFIT_SPREAD) * (late && name === 'gNa' ? widened : 1);
    return 100 * Math.exp(spread * deviate + (late && name === 'gNa' ? Math.log1p(shift) : 0));
  });
}

function replica({ pairing, success }, when, r, draw, values, [luck, pace]) {
  const run = when === 'after' && pairing !== 'replica' ? 'other' : 'same';
  const data = when === 'after' && pairing === 'none' ? 'other data' : 'data';
  const accepted = luck < success[when === 'before' ? 0 : 1];
  return {
    id: sha256(`${run} ${r}`).slice(0, 16),
    cluster: `${sha256(data).slice(0, 16)}:${draw}`,
    accepted,
    seconds: 2 * Math.exp(SPEED_SPREAD * (pace - 0.5)),
    values: accepted ? values : [],
    kept: values,
  };
}

function keepOutcome(old, fresh, correlation, uniform) {
  if (uniform() > correlation) return;
  fresh.accepted = old.accepted;
  fresh.values = old.accepted ? fresh.kept : [];
}

function baselineOf(one, replicas) {
  const head = headOf(one);
  const measures = head.measures.map((measure) => ({ ...measure, tolerance: measure.kind === 'parameter' ? 0.25 * SPREAD : 0.05 }));
  return { version: 1, versions: {}, startedAt: '', ...head, measures, tolerances: TOLERANCES, replicas: sorted(replicas) };
}

function headOf({ draws, seeds }) {
  const measure = (kind, name, unit, more = {}) => ({ kind, name, unit, scale: 'log', ...more });
  return {
    sweep: { name: 'simulated', id: '0'.repeat(64), model: 'hodgkin-huxley' },
    engine: 'native',
    processor: 'one',
    planned: draws * seeds,
    finished: draws * seeds,
    measures: [
      ...PARAMETERS.map((name) => measure('parameter', name, 'mS/cm2')),
      ...MISFITS.slice(0, -1).map((name) => measure('reconstruction', name, '1')),
      measure('predictive', 'rmseMv', 'mV'),
    ],
  };
}

function sorted(replicas) {
  return replicas.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
