/**
 * Resolves a spec: fills every default, so that what will run is written down and expansion is a pure function of it. The problem
 * (model, parameters, data) comes resolved from the side that knows neurons. A schedule depends on `states`, which may be an axis, so
 * the stages of both formulations are written down.
 */
import { contentId } from '../../schemas/content-id.ts';
import { distributionViolations, POSITIVE, UNLIMITED } from '../../schemas/distribution.ts';
import { throwIfAny, type Violation } from '../../schemas/errors.ts';
import type { FinishEntry, InferredParameter, ResolvedProblem, ResolvedSweep, Spec, Stage, States } from '../../schemas/generated/types.ts';
import { shown, whereOf, type Place } from '../../schemas/violations.ts';
import {
  DEFAULT_ACCEPT,
  DEFAULT_CONFIGURATION,
  DEFAULT_REPLICAS,
  DEFAULT_SAMPLER,
  DEFAULT_SEED,
  DEFAULT_TOLERATE,
  DEFAULT_TRACES,
  DEFAULT_TRAINING,
} from './defaults.ts';
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
    accept: { ...DEFAULT_ACCEPT, ...spec.accept },
    tolerate: { ...DEFAULT_TOLERATE, ...spec.tolerate },
    traces: { ...DEFAULT_TRACES, ...spec.traces },
  };
  const starts = problem.infer.flatMap((parameter) => startViolations(parameter));
  throwIfAny([...starts, ...duplicateUnits(problem), ...sizeViolations(resolved, PLACE)]);
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
