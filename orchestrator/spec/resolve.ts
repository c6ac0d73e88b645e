/**
 * Resolves a spec: fills every default, so that what will run is written down and expansion is a pure function of it. The problem
 * (model, parameters, data) comes resolved from the side that knows neurons. A schedule depends on `states`, which may be an axis, so
 * the stages of both formulations are written down.
 */
import { yardstickMv } from '../../schemas/acceptance.ts';
import { contentId } from '../../schemas/content-id.ts';
import { distributionViolations, POSITIVE, UNLIMITED } from '../../schemas/distribution.ts';
import { throwIfAny, type Violation } from '../../schemas/errors.ts';
import type {
  FinishEntry,
  InferredParameter,
  ResolvedMethods,
  ResolvedProblem,
  ResolvedSweep,
  Spec,
  Stage,
  States,
} from '../../schemas/generated/types.ts';
import { shown, whereOf, type Place } from '../../schemas/violations.ts';
import {
  DEFAULT_ACCEPT,
  DEFAULT_CONFIGURATION,
  DEFAULT_DIFFERENTIAL_EVOLUTION,
  DEFAULT_REPLICAS,
  DEFAULT_SAMPLER,
  DEFAULT_SEED,
  DEFAULT_SHOOTING,
  DEFAULT_TOLERATE,
  DEFAULT_TRACES,
  DEFAULT_TRAINING,
} from './defaults.ts';
import { methodSpaces } from './method-spaces.ts';
import { filledStage, schedule, type ScheduleName } from './schedules.ts';
import { sizeViolations } from './sweep-size.ts';

/** Throws SPEC_DISTRIBUTION, SPEC_DUPLICATE_DATA and SPEC_INVALID for what only shows with the problem at hand, all at once. */
export function resolveSpec(spec: Spec, problem: ResolvedProblem): ResolvedSweep {
  const { training = DEFAULT_TRAINING } = spec;
  const resolved: ResolvedSweep = {
    name: spec.name,
    seed: spec.seed ?? DEFAULT_SEED,
    problem,
    space: { ...DEFAULT_CONFIGURATION, replicas: DEFAULT_REPLICAS, ...spec.space },
    sampler: spec.sampler ?? DEFAULT_SAMPLER,
    training: { integrated: stagesOf(training, 'integrated'), network: stagesOf(training, 'network') },
    ...finishOf(training),
    ...methodsOf(spec),
    accept: { ...DEFAULT_ACCEPT, ...spec.accept },
    tolerate: { ...DEFAULT_TOLERATE, ...spec.tolerate },
    traces: { ...DEFAULT_TRACES, ...spec.traces },
  };
  const starts = problem.infer.flatMap((parameter) => startViolations(parameter));
  throwIfAny([...starts, ...duplicateUnits(problem), ...yardstickViolations(resolved), ...sizeViolations(resolved, PLACE)]);
  return resolved;
}

function stagesOf(training: Training, states: States): [Stage, ...Stage[]] {
  const [first, ...rest] = entriesOf(training).flatMap((entry) => {
    if (typeof entry === 'string') return schedule(entry, states);
    return 'finish' in entry ? [] : [filledStage(entry)];
  });
  if (first === undefined) throw new Error('internal: training without a stage');
  return [first, ...rest];
}

type Training = NonNullable<Spec['training']>;

function entriesOf(training: Training): readonly (ScheduleName | Stage | FinishEntry)[] {
  return typeof training === 'string' ? [training] : training;
}

/** A list without a finish leaves nothing behind: what is resolved is part of every replica's id. */
function finishOf(training: Training): Pick<ResolvedSweep, 'finish'> {
  const last = entriesOf(training).at(-1);
  return typeof last === 'object' && 'finish' in last ? { finish: last.finish } : {};
}

/** Options of the methods that are asked for, and of no other: what is resolved is part of the sweep's id. */
function methodsOf({ space = {}, methods = {} }: Spec): Pick<ResolvedSweep, 'methods'> {
  const asked = new Set(methodSpaces(space).map(({ method }) => method));
  const resolved: ResolvedMethods = {
    ...(asked.has('shooting') ? { shooting: { ...DEFAULT_SHOOTING, ...methods.shooting } } : {}),
    ...(asked.has('differential-evolution')
      ? { 'differential-evolution': { ...DEFAULT_DIFFERENTIAL_EVOLUTION, ...methods['differential-evolution'] } }
      : {}),
  };
  return Object.keys(resolved).length === 0 ? {} : { methods: resolved };
}

/** The id of a sweep. */
export function sweepId(resolved: ResolvedSweep): string {
  return contentId(resolved);
}

const PLACE: Place = { code: 'SPEC_INVALID', root: 'spec' };

function startViolations({ name, positive, start }: InferredParameter): Violation[] {
  const path = ['problem', 'infer', name, 'start'];
  if (typeof start !== 'number') return distributionViolations(start, path, PLACE, positive ? POSITIVE : UNLIMITED);
  if (!positive || start > 0) return [];
  return [
    { code: 'SPEC_DISTRIBUTION', where: whereOf(path, PLACE), rule: `must be greater than 0, as ${name} is positive`, got: shown(start) },
  ];
}

/** Spikes that a data unit lacks cannot be its yardstick. */
function yardstickViolations({ accept, problem }: ResolvedSweep): Violation[] {
  if (accept.yardstick !== 'spikeShape') return [];
  const lacking = problem.data.filter((unit) => yardstickMv('spikeShape', unit) === undefined).map(({ label }) => `"${label}"`);
  if (lacking.length === 0) return [];
  const [first, ...others] = lacking;
  return [
    {
      code: 'SPEC_INVALID',
      where: whereOf(['accept', 'yardstick'], PLACE),
      rule: 'spikeShape needs recorded data with three spikes or more in the windows of each sweep',
      got: others.length === 0 ? first! : `${first} and ${others.length} more without`,
      remedy: 'Take out what has too few spikes, or use "noise" with a noiseMv of your own.',
    },
  ];
}

/** Two entries that are written differently may still be the same data: overlapping lists of sweeps, one file under two names. */
function duplicateUnits({ data }: ResolvedProblem): Violation[] {
  const firsts = new Map<string, string>();
  return data.flatMap(({ id, sigmaMv, entry, label }) => {
    const key = `${id} ${sigmaMv}`;
    const first = firsts.get(key);
    if (first === undefined) firsts.set(key, label);
    if (first === undefined) return [];
    const rule = `"${label}" is the same data as "${first}" and would count twice`;
    return [
      { code: 'SPEC_DUPLICATE_DATA' as const, where: whereOf(['problem', 'data', entry], PLACE), rule, remedy: 'Take one of them out.' },
    ];
  });
}
