/**
 * A believable ensemble without training: squid axons whose estimates scatter around the truth as those of trained replicas do
 * (an error shared by each noise draw, a smaller one of each seed), some rejected, some diverged, some failed. Seeded.
 */
import { createHash } from 'node:crypto';
import type { DataUnit, HeldOut, Lock, Outcome, Result, Score, SpikeFeatures, StretchScore, Task } from '../../schemas/generated/types.ts';
import { randomStream } from '../../schemas/random.ts';
import { simulateSquid } from './squid.ts';
import type { Conductances } from './squid.ts';

export interface FixtureOptions {
  readonly seed?: number;
  /** Stimulus amplitudes, one data unit each. */
  readonly amplitudes?: readonly number[];
  readonly draws?: number;
  readonly seeds?: number;
  /** Network widths: a second configuration axis. */
  readonly widths?: readonly number[];
  /** Share of replicas that pass the filter. */
  readonly accepted?: number;
  readonly traces?: boolean;
  /** A finish: its standard errors, and networks that were 2 % lower before it. */
  readonly finish?: boolean;
  readonly label?: string;
  readonly name?: string;
  /** Truth of each data unit; the squid's for all when absent. */
  readonly truths?: readonly Conductances[];
  /** Recordings instead of synthetic data: no truth is known. */
  readonly recorded?: boolean;
  /** Features of spikes, bounds, and scores of so many held-out stretches and of the rest of each sweep, for the accepted. */
  readonly heldOut?: number;
  /** Each data unit is a window of one sweep. */
  readonly windows?: boolean;
  /** Weights of the current balance: an axis. */
  readonly currentWeights?: readonly number[];
  /** A constructed failure: estimates that agree closely, and no spike in any forward simulation. */
  readonly silent?: boolean;
  readonly accept?: Lock['resolved']['accept'];
}

export interface FixtureReplica {
  readonly task: Task;
  readonly result: Result;
}

export interface FixtureObservation {
  readonly tMs: number[];
  readonly voltageMv: number[];
  readonly current: number[];
  readonly truth?: { readonly states: Record<string, number[]> };
}

export const SQUID: Conductances = { gNa: 120, gK: 36, gL: 0.3 };
const SAMPLES = 501;
const SAMPLE_MS = 0.1;
const TRACE_POINTS = 251;

type Resolved = Required<FixtureOptions>;

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

function resolve(options: FixtureOptions): Resolved {
  const amplitudes = options.amplitudes ?? [10];
  return {
    seed: 1,
    draws: 4,
    seeds: 8,
    widths: [24],
    accepted: 0.85,
    traces: true,
    finish: false,
    label: 'synthetic',
    name: 'fixture',
    recorded: false,
    heldOut: 0,
    windows: false,
    currentWeights: [1],
    silent: false,
    accept: { chi2: 'auto', spikes: 'equal' },
    ...options,
    amplitudes,
    truths: options.truths ?? amplitudes.map(() => SQUID),
  };
}

export function fixtureLock(given: FixtureOptions = {}): Lock {
  const options = resolve(given);
  return {
    sweep: hash(`sweep ${options.name}`),
    engine: 'reference',
    versions: { node: '20.20.2', loligo: '0.1.0' },
    startedAt: '2025-11-22T13:00:00.000Z',
    resolved: {
      name: options.name,
      seed: options.seed,
      problem: {
        model: { name: 'hodgkin-huxley', object: hash('model') },
        currentUnit: 'uA/cm2',
        states: ['V', 'm', 'h', 'n'],
        infer: [
          { name: 'gNa', unit: 'mS/cm2', positive: true, range: [1, 1000], start: { logUniform: [12, 1200] } },
          { name: 'gK', unit: 'mS/cm2', positive: true, range: [1, 400], start: { logUniform: [3.6, 360] } },
          { name: 'gL', unit: 'mS/cm2', positive: true, range: [0.01, 10], start: { logUniform: [0.03, 3] } },
        ],
        fixed: { C: 1, ENa: 50, EK: -77, EL: -54.387 },
        data: [dataUnit(options, 0), ...options.amplitudes.slice(1).map((_, i) => dataUnit(options, i + 1))],
      },
      space: {
        states: 'integrated',
        'network.depth': 2,
        'network.width': choiceAxis(options.widths),
        ...(options.currentWeights.length > 1 ? { 'loss.current': choiceAxis(options.currentWeights) } : {}),
        replicas: options.seeds,
      },
      sampler: 'grid',
      training: { integrated: [{ optimizer: 'adam', steps: 1500 }], network: [{ optimizer: 'adam', steps: 1500 }] },
      ...(options.finish ? { finish: 'shooting' as const } : {}),
      accept: options.accept,
      tolerate: { failed: 0, diverged: 0.1 },
      traces: { points: TRACE_POINTS, replicas: 200 },
    },
  };
}

function choiceAxis([first = 24, ...rest]: readonly number[]): number | { choice: [number, ...number[]] } {
  return rest.length === 0 ? first : { choice: [first, ...rest] };
}

/** Labels of what is held out. */
export function heldOutLabel(k: number): string {
  return `sweep ${20 + k}`;
}

function dataUnit({ amplitudes, label, draws, truths, recorded, heldOut, windows }: Resolved, unit: number): DataUnit {
  const truth = truths[unit] ?? SQUID;
  const stretches = Array.from({ length: heldOut }, (_, k) => ({ label: heldOutLabel(k), object: hash(`held out ${k}`) }));
  const rest = { label: `${label} ${unit}, rest`, object: hash(`rest ${unit}`), fitted: [[100, 600]] as [[number, number]] };
  return {
    id: hash(`data ${unit}`),
    entry: windows ? 0 : unit,
    ...(windows ? { sweep: 0, window: unit } : {}),
    label: `${label}, ${amplitudes[unit]} uA/cm2`,
    draws,
    samples: SAMPLES,
    sampleMs: SAMPLE_MS,
    sigmaMv: 1,
    ...(recorded ? { spikeShapeMv: 0.6 } : {}),
    ...(heldOut === 0 ? {} : { heldOut: [rest, ...stretches] as [HeldOut, ...HeldOut[]] }),
    source: recorded
      ? { kind: 'trace', object: hash(`trace ${unit}`) }
      : {
          kind: 'synthetic',
          parameters: { ...truth, C: 1 },
          stimulus: { step: { amplitude: amplitudes[unit] ?? 10, startMs: 2 } },
          initialMv: -65,
          noiseMv: 1,
          seed: 1,
          samples: SAMPLES,
          sampleMs: SAMPLE_MS,
        },
  };
}

/** Every replica, in the order of the expansion. */
export function* fixtureReplicas(given: FixtureOptions = {}): Generator<FixtureReplica> {
  const options = resolve(given);
  const lock = fixtureLock(given);
  let index = 0;
  for (const [unit, data] of lock.resolved.problem.data.entries()) {
    for (let draw = 0; draw < options.draws; draw++) {
      for (const width of options.widths)
        for (const weight of options.currentWeights)
          for (let k = 0; k < options.seeds; k++) yield replica(options, lock, data, unit, draw, { width, weight, seed: k }, index++);
    }
  }
}

interface Configured {
  readonly width: number;
  readonly weight: number;
  /** the same in every configuration and on every data unit */
  readonly seed: number;
}

function replica(
  options: Resolved,
  lock: Lock,
  data: DataUnit,
  unit: number,
  draw: number,
  configured: Configured,
  index: number,
): FixtureReplica {
  const stream = randomStream(options.seed, `replica ${index}`);
  const own = { uniform: (i: number) => stream.uniform(i), normal: (i: number) => stream.normal(i) };
  const shared = randomStream(options.seed, `draw ${unit} ${draw}`);
  const fate: Outcome = options.silent ? { kind: 'stopped', reason: 'no-spikes' } : fateOf(own.uniform(100), options.accepted);
  const spread = fate.kind === 'converged' || options.silent ? 0.4 : 12;
  const truth = options.truths[unit] ?? SQUID;
  const soft = 0.012 * shared.normal(0) + 0.004 * spread * own.normal(1);
  const g = {
    gNa: truth.gNa * Math.exp(soft + 0.003 * own.normal(2)),
    gK: truth.gK * Math.exp(0.5 * soft + 0.002 * own.normal(3)),
    gL: truth.gL * Math.exp(4 * soft + 0.02 * own.normal(4)),
  };
  const hasEstimate = fate.kind === 'converged' || fate.kind === 'stopped';
  return {
    task: taskOf(lock, data, draw, configured, index, own.uniform),
    result: {
      sweep: lock.sweep,
      index,
      replica: hash(`replica ${index}`),
      outcome: fate,
      attempts: 1,
      worker: `worker-${index % 2}`,
      engine: lock.engine,
      seconds: 4 + 2 * own.uniform(5),
      steps: 1530 + Math.floor(20 * own.uniform(6)),
      ...(hasEstimate ? { estimate: estimateOf(options, unit, g, truth, fate.kind === 'converged', own.normal, own.uniform) } : {}),
    },
  };
}

function fateOf(u: number, accepted: number): Outcome {
  if (u < accepted) return { kind: 'converged' };
  const rest = (u - accepted) / (1 - accepted);
  if (rest < 0.5) return { kind: 'stopped', reason: 'chi2' };
  if (rest < 0.75) return { kind: 'stopped', reason: 'spikes' };
  if (rest < 0.95) return { kind: 'diverged', stage: 1, step: 40, term: 'current' };
  return { kind: 'failed', error: { code: 'REPLICA_GIVEN_UP', message: 'the worker died 3 times' } };
}

function taskOf(
  lock: Lock,
  data: DataUnit,
  draw: number,
  { width, weight, seed }: Configured,
  index: number,
  uniform: (i: number) => number,
): Task {
  const start = (centre: number, i: number) => centre * 10 ** (2 * uniform(i) - 1);
  return {
    sweep: lock.sweep,
    index,
    replica: hash(`replica ${index}`),
    shape: hash(`shape ${width}`).slice(0, 16),
    model: lock.resolved.problem.model.object,
    infer: [
      { name: 'gNa', start: start(120, 10) },
      { name: 'gK', start: start(36, 11) },
      { name: 'gL', start: start(0.3, 12) },
    ],
    fixed: lock.resolved.problem.fixed,
    data,
    draw,
    configuration: {
      states: 'integrated',
      'network.architecture': 'mlp',
      'network.depth': 2,
      'network.width': width,
      'network.features': 24,
      'network.frequencies': 'random',
      'network.bandwidthKhz': 0.4,
      'network.scale': 'fixed',
      'network.activation': 'tanh',
      'network.factorisation': 'none',
      'collocation.perSample': 2,
      'collocation.density': 'uniform',
      'loss.data': 1,
      'loss.current': weight,
      'loss.gates': 10,
      'loss.weighting': 'fixed',
      'loss.huberMv': 'off',
      'loss.noise': 'known',
      'initial.gates': 'model',
    },
    training: [{ optimizer: 'adam', steps: 1500 }],
    accept: lock.resolved.accept,
    seed,
    tracePoints: TRACE_POINTS,
  };
}

function estimateOf(
  options: Resolved,
  unit: number,
  g: Conductances,
  truth: Conductances,
  good: boolean,
  normal: (i: number) => number,
  uniform: (i: number) => number,
): NonNullable<Result['estimate']> {
  const chi2 = good ? 1 + 0.04 * Math.abs(normal(20)) : 1.3 + 3 * uniform(20);
  return {
    parameters: { ...g },
    initial: { V: -65 },
    losses: { data: 0.01 * chi2, current: 1e-5, gates: 0 },
    stationarity: 1e-4,
    ...(options.finish
      ? {
          standardErrors: { gNa: 0.01 * g.gNa, gK: 0.005 * g.gK, gL: 0.04 * g.gL },
          shooting: { outcome: 'taken' as const, iterations: 5 },
        }
      : {}),
    network: {
      rmseMv: 0.96 + 0.02 * normal(21),
      ...(options.finish ? { parameters: { gNa: 0.98 * g.gNa, gK: 0.98 * g.gK, gL: 0.98 * g.gL } } : {}),
      ...(options.recorded
        ? {}
        : { rmseToTruth: { V: 0.11 + 0.01 * uniform(22), m: 0.002, h: 0.003 * (1 + uniform(23)), n: 0.002 * (1 + uniform(24)) } }),
    },
    predictive: {
      rmseMv: Math.sqrt(chi2),
      chi2,
      spikes: { observed: 4, simulated: options.silent ? 0 : good || uniform(25) < 0.5 ? 4 : 3 },
      coincidence: options.silent ? 0 : good ? 1 : 0.75,
      ...(options.heldOut === 0 ? {} : { toleranceMs: 1.4, timing: { medianMs: 0.1, worstMs: 0.4 }, features: featurePair(uniform(30)) }),
    },
    ...(options.heldOut === 0 || !good ? {} : examination(options, unit, g, uniform)),
    ...(options.traces ? { traces: tracesOf(g, options.amplitudes[unit] ?? 10, truth, normal) } : {}),
  };
}

function featurePair(share: number): NonNullable<Score['features']> {
  const of = (factor: number): SpikeFeatures => ({
    amplitudeMv: 95 * factor,
    halfWidthMs: 1.2 * factor,
    thresholdMv: -55 + factor,
    ahpMv: null,
    upstrokeMvPerMs: 250 * factor,
    downstrokeMvPerMs: -63 * factor,
  });
  return { observed: of(1), simulated: of(0.95 + 0.1 * share) };
}

/** What only accepted replicas are asked. The last held-out stretch fails in every fourth. */
function examination(
  { heldOut, label }: Resolved,
  unit: number,
  g: Conductances,
  uniform: (i: number) => number,
): Pick<NonNullable<Result['estimate']>, 'rest' | 'heldOut' | 'bound'> {
  const scored = (name: string, i: number): StretchScore => ({
    label: name,
    score: {
      rmseMv: 2 + uniform(i),
      spikes: { observed: 10 + i, simulated: 10 + i - Math.floor(2 * uniform(i + 1)) },
      coincidence: 0.7 + 0.3 * uniform(i + 2),
      toleranceMs: 1.4,
      timing: { medianMs: uniform(i + 3), worstMs: 3 },
      features: featurePair(uniform(i + 4)),
    },
  });
  const stretches = Array.from({ length: heldOut }, (_, k) => scored(heldOutLabel(k), 60 + 10 * k));
  const last = uniform(59) < 0.25 ? [{ label: heldOutLabel(heldOut - 1) }] : stretches.slice(-1);
  return {
    rest: [scored(`${label} ${unit}, rest`, 40)],
    heldOut: [...stretches.slice(0, -1), ...last],
    bound: {
      standardErrors: { gNa: 0.01 * g.gNa, gK: 0.005 * g.gK, gL: 0.04 * g.gL },
      weakest: 'gNa +0.8 %, gK +0.2 % and gL +4 % together cannot be told from the noise',
    },
  };
}

/** The network's time courses: the simulation, a little off as a network is; and the simulation itself. */
function tracesOf(
  g: Conductances,
  amplitude: number,
  truth: Conductances,
  normal: (i: number) => number,
): NonNullable<NonNullable<Result['estimate']>['traces']> {
  const tMs = Array.from({ length: TRACE_POINTS }, (_, i) => (i * (SAMPLES - 1) * SAMPLE_MS) / (TRACE_POINTS - 1));
  const own = simulateSquid(g, amplitude, TRACE_POINTS, tMs[1] ?? 0.2);
  const near = simulateSquid(truth, amplitude, TRACE_POINTS, tMs[1] ?? 0.2);
  const wave = (t: number, k: number) => normal(40 + k) * Math.sin(t / (3 + k) + normal(50 + k));
  const blend = (state: 'V' | 'm' | 'h' | 'n', size: number, k: number) =>
    tMs.map((t, i) => 0.85 * near[state][i]! + 0.15 * own[state][i]! + size * wave(t, k));
  return {
    tMs,
    states: { V: blend('V', 0.15, 0), m: blend('m', 0.004, 1), h: blend('h', 0.006, 2), n: blend('n', 0.005, 3) },
    simulatedV: own.V,
  };
}

/** What the CLI gets from the worker: the data of each unit and draw. */
export function fixtureObservations(given: FixtureOptions = {}): Map<string, FixtureObservation> {
  const options = resolve(given);
  const observations = new Map<string, FixtureObservation>();
  for (const [unit, data] of fixtureLock(given).resolved.problem.data.entries()) {
    const states = simulateSquid(options.truths[unit] ?? SQUID, options.amplitudes[unit] ?? 10, SAMPLES, SAMPLE_MS);
    for (let draw = 0; draw < options.draws; draw++) {
      const noise = randomStream(options.seed, `noise ${unit} ${draw}`);
      observations.set(`${data.id}:${draw}`, {
        tMs: states.V.map((_, i) => i * SAMPLE_MS),
        voltageMv: states.V.map((value, i) => value + noise.normal(i)),
        current: states.V.map((_, i) => (i * SAMPLE_MS >= 2 ? (options.amplitudes[unit] ?? 10) : 0)),
        ...(options.recorded ? {} : { truth: { states } }),
      });
    }
  }
  return observations;
}
