/** The columns of replicas.parquet and traces.parquet that a result carries: where they stand in a line of the log, their unit, what they say. */
import type { Result } from '../../schemas/generated/types.ts';

/** Units of what the model names. */
export interface ModelUnits {
  /** by name; tied and fixed ones too */
  readonly parameters: Readonly<Record<string, string>>;
  /** V and the other states */
  readonly states: Readonly<Record<string, string>>;
}

export interface ResultColumn {
  readonly name: string;
  /** SQL over a line of the log */
  readonly sql: string;
  /** '1' of a share, a count or a gate; absent of a text */
  readonly unit?: string;
  readonly description: string;
}

/** Of a spike; columns are named `predictive.features.observed.amplitudeMv`. */
const FEATURES: readonly (readonly [name: string, unit: string, description: string])[] = [
  ['amplitudeMv', 'mV', 'peak minus threshold'],
  ['halfWidthMs', 'ms', 'time above the middle of threshold and peak'],
  ['thresholdMv', 'mV', 'V where the rise begins'],
  ['ahpMv', 'mV', 'V of the after-hyperpolarisation'],
  ['upstrokeMvPerMs', 'mV/ms', 'steepest rise'],
  ['downstrokeMvPerMs', 'mV/ms', 'steepest fall, negative'],
];
const SPIKE = `STRUCT(${FEATURES.map(([name]) => `${name} DOUBLE`).join(', ')})`;
/** What a forward simulation is scored by, beside its misfit. */
const SCORED = `spikes STRUCT(observed BIGINT, simulated BIGINT), coincidence DOUBLE, toleranceMs DOUBLE,
    timing STRUCT(medianMs DOUBLE, worstMs DOUBLE), features STRUCT(observed ${SPIKE}, simulated ${SPIKE})`;

/** What read_json takes from a line; keys not named here are passed over, absent ones are null. */
export const RESULT_TYPES = {
  outcome:
    'STRUCT(kind VARCHAR, reason VARCHAR, stage BIGINT, step BIGINT, term VARCHAR, rung BIGINT, error STRUCT(code VARCHAR, message VARCHAR))',
  attempts: 'BIGINT',
  worker: 'VARCHAR',
  engine: 'VARCHAR',
  arithmetic: 'VARCHAR',
  seconds: 'DOUBLE',
  cpuSeconds: 'DOUBLE',
  steps: 'BIGINT',
  estimate: `STRUCT(parameters MAP(VARCHAR, DOUBLE), tied MAP(VARCHAR, DOUBLE), "initial" MAP(VARCHAR, DOUBLE), losses MAP(VARCHAR, DOUBLE), noiseMv DOUBLE, stationarity DOUBLE,
    standardErrors MAP(VARCHAR, DOUBLE), shooting STRUCT(outcome VARCHAR, iterations BIGINT),
    network STRUCT(rmseMv DOUBLE, rmseToTruth MAP(VARCHAR, DOUBLE), parameters MAP(VARCHAR, DOUBLE), "initial" MAP(VARCHAR, DOUBLE), chi2 DOUBLE),
    predictive STRUCT(rmseMv DOUBLE, chi2 DOUBLE, ${SCORED}),
    rest STRUCT("label" VARCHAR, score STRUCT(rmseMv DOUBLE, ${SCORED}))[], heldOut STRUCT("label" VARCHAR, score STRUCT(rmseMv DOUBLE, ${SCORED}))[],
    bound STRUCT(standardErrors MAP(VARCHAR, DOUBLE), weakest VARCHAR))`,
} as const;

export const TRACE_TYPES = {
  estimate: 'STRUCT(traces STRUCT(tMs DOUBLE[], states MAP(VARCHAR, DOUBLE[]), simulatedV DOUBLE[]))',
} as const;

/** Columns whose names only the results know. */
export interface NamedColumns {
  readonly prefix: string;
  /** The map in a line. */
  readonly map: string;
  readonly of: (result: Result) => object | undefined;
  readonly unitsOf: keyof ModelUnits | '1';
  readonly description: string;
}

const MAPS = {
  losses: {
    prefix: 'losses.',
    map: 'estimate.losses',
    of: ({ estimate }) => estimate?.losses,
    unitsOf: '1',
    description: 'term of the loss at the end, unweighted',
  },
  parameters: {
    prefix: 'parameters.',
    map: 'estimate.parameters',
    of: ({ estimate }) => estimate?.parameters,
    unitsOf: 'parameters',
    description: 'inferred parameter',
  },
  tied: {
    prefix: 'tied.',
    map: 'estimate.tied',
    of: ({ estimate }) => estimate?.tied,
    unitsOf: 'parameters',
    description: 'tied parameter at the inferred ones',
  },
  initial: {
    prefix: 'initial.',
    map: 'estimate."initial"',
    of: ({ estimate }) => estimate?.initial,
    unitsOf: 'states',
    description: 'inferred initial value',
  },
  standardErrors: {
    prefix: 'standardErrors.',
    map: 'estimate.standardErrors',
    of: ({ estimate }) => estimate?.standardErrors,
    unitsOf: 'parameters',
    description: 'standard error by the last Jacobian of a finish',
  },
  bound: {
    prefix: 'bound.',
    map: 'estimate.bound.standardErrors',
    of: ({ estimate }) => estimate?.bound?.standardErrors,
    unitsOf: 'parameters',
    description: 'Cramer-Rao bound of the standard error',
  },
  networkParameters: {
    prefix: 'network.parameters.',
    map: 'estimate.network.parameters',
    of: ({ estimate }) => estimate?.network.parameters,
    unitsOf: 'parameters',
    description: "the network's own, before the finish",
  },
  networkInitial: {
    prefix: 'network.initial.',
    map: 'estimate.network."initial"',
    of: ({ estimate }) => estimate?.network.initial,
    unitsOf: 'states',
    description: "the network's own initial value, before the finish",
  },
  rmseToTruth: {
    prefix: 'reconstruction.rmseToTruth.',
    map: 'estimate.network.rmseToTruth',
    of: ({ estimate }) => estimate?.network.rmseToTruth,
    unitsOf: 'states',
    description: 'RMS distance of the reconstruction from the noiseless truth (synthetic data)',
  },
} as const satisfies Readonly<Record<string, NamedColumns>>;
type MapName = keyof typeof MAPS;

/** By prefix. */
export const RESULT_MAPS: readonly NamedColumns[] = Object.values<NamedColumns>(MAPS);
/** Traces are named by their state alone. */
export const TRACE_MAP: NamedColumns = {
  prefix: '',
  map: 'estimate.traces.states',
  of: ({ estimate }) => estimate?.traces?.states,
  unitsOf: 'states',
  description: 'time course as the method reconstructs it',
};

/** `named(column)` lists what the lines hold of it; in the order of the file. */
export function resultColumns(named: (columns: NamedColumns) => readonly ResultColumn[]): ResultColumn[] {
  const of = (name: MapName) => named(MAPS[name]);
  return [
    { name: 'outcome', sql: 'outcome.kind', description: 'how the replica ended: converged, stopped, diverged, pruned, failed' },
    {
      name: 'reason',
      sql: 'coalesce(outcome.reason, outcome.term, outcome.error.code)',
      description:
        'stopped: the first test of the filter that it failed; diverged: the first term of the loss that was not finite; failed: error code',
    },
    { name: 'message', sql: 'outcome.error.message', description: 'of a failure' },
    { name: 'outcome.stage', sql: 'outcome.stage', unit: '1', description: 'diverged: the stage of the training, from 0' },
    { name: 'outcome.step', sql: 'outcome.step', unit: '1', description: 'diverged, pruned: the step' },
    { name: 'steps', sql: 'steps', unit: '1', description: 'optimizer steps and iterations' },
    ...of('losses'),
    ...of('parameters'),
    ...of('tied'),
    ...of('initial'),
    ...of('standardErrors'),
    { name: 'shooting', sql: 'estimate.shooting.outcome', description: 'what became of the finish: taken, worse, failed' },
    { name: 'shooting.iterations', sql: 'estimate.shooting.iterations', unit: '1', description: 'of the finish' },
    ...of('networkParameters'),
    ...of('networkInitial'),
    {
      name: 'network.chi2',
      sql: 'estimate.network.chi2',
      unit: '1',
      description: "per sample, of the forward simulation with the network's own estimate, before the finish",
    },
    { name: 'noiseMv', sql: 'estimate.noiseMv', unit: 'mV', description: 'standard deviation of the noise, where it was estimated' },
    {
      name: 'stationarity',
      sql: 'estimate.stationarity',
      unit: '1',
      description: 'largest change of a parameter over the last tenth of the steps, relative, or as a share of its range',
    },
    { name: 'reconstruction.rmseMv', sql: 'estimate.network.rmseMv', unit: 'mV', description: 'V of the reconstruction against the data' },
    ...of('rmseToTruth'),
    { name: 'predictive.rmseMv', sql: 'estimate.predictive.rmseMv', unit: 'mV', description: 'forward simulation against the data' },
    { name: 'predictive.chi2', sql: 'estimate.predictive.chi2', unit: '1', description: 'per sample, counted in accept.yardstick' },
    ...spikeColumns('predictive.', (path) => `estimate.predictive.${path}`),
    {
      name: 'predictive.toleranceMs',
      sql: 'estimate.predictive.toleranceMs',
      unit: 'ms',
      description: 'within which two spikes count as one',
    },
    {
      name: 'predictive.timing.medianMs',
      sql: 'estimate.predictive.timing.medianMs',
      unit: 'ms',
      description: 'from a spike of the data to the nearest of the simulation, median',
    },
    { name: 'predictive.timing.worstMs', sql: 'estimate.predictive.timing.worstMs', unit: 'ms', description: 'the same, largest' },
    ...['observed', 'simulated'].flatMap((side) =>
      FEATURES.map(([name, unit, description]) => ({
        name: `predictive.features.${side}.${name}`,
        sql: `estimate.predictive.features.${side}.${name}`,
        unit,
        description: `${side} spikes, median: ${description}`,
      })),
    ),
    ...stretchColumns('rest', 'the rest of the fitted sweeps'),
    ...stretchColumns('heldOut', 'stretches that were held out'),
    ...of('bound'),
    { name: 'bound.weakest', sql: 'estimate.bound.weakest', description: 'the combination of parameters that V says least about' },
    { name: 'engine', sql: 'engine', description: 'what ran the arithmetic; none: a method without a network' },
    {
      name: 'arithmetic',
      sql: 'arithmetic',
      description: "what the bits depend on beside the engine's name: library, device, instruction set",
    },
    { name: 'worker', sql: 'worker', description: 'HOST:PROCESS/THREAD' },
    { name: 'attempts', sql: 'attempts', unit: '1', description: 'deliveries of the task, the last one included' },
    { name: 'seconds', sql: 'seconds', unit: 's', description: "the replica's share of its cohort's wall-clock time" },
    {
      name: 'cpuSeconds',
      sql: 'cpuSeconds',
      unit: 's',
      description: "the same of the training thread's processor time; null where the machine or the engine does not tell it",
    },
  ];
}

/** Of one time course each, `tMs` beside them. */
export function traceColumns(named: (columns: NamedColumns) => readonly ResultColumn[]): ResultColumn[] {
  return [
    { name: 'tMs', sql: 'estimate.traces.tMs', unit: 'ms', description: 'times of the samples' },
    ...named(TRACE_MAP),
    { name: 'simulatedV', sql: 'estimate.traces.simulatedV', unit: 'mV', description: 'V of the forward simulation' },
  ];
}

function spikeColumns(prefix: string, sql: (path: string) => string): ResultColumn[] {
  return [
    { name: `${prefix}spikes.observed`, sql: sql('spikes.observed'), unit: '1', description: 'spikes of the data' },
    { name: `${prefix}spikes.simulated`, sql: sql('spikes.simulated'), unit: '1', description: 'spikes of the forward simulation' },
    {
      name: `${prefix}coincidence`,
      sql: sql('coincidence'),
      unit: '1',
      description: "Kistler and Jolivet's factor; null without spikes on either side",
    },
  ];
}

/** Lists with one item for each stretch; null where its simulation did not run through. */
function stretchColumns(kind: 'rest' | 'heldOut', what: string): ResultColumn[] {
  const list = (path: string): string => `list_transform(estimate.${kind}, lambda one: one.${path})`;
  return [
    { name: `${kind}.label`, sql: list('label'), description: `${what}: their labels` },
    { name: `${kind}.rmseMv`, sql: list('score.rmseMv'), unit: 'mV', description: `${what}: forward simulation against the data` },
    ...spikeColumns(`${kind}.`, (path) => list(`score.${path}`)).map((column) => ({
      ...column,
      description: `${what}: ${column.description}`,
    })),
    {
      name: `${kind}.timing.medianMs`,
      sql: list('score.timing.medianMs'),
      unit: 'ms',
      description: `${what}: from a spike of the data to the nearest of the simulation, median`,
    },
  ];
}
