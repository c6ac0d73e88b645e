/**
 * Expansion: the replicas of a sweep as tasks, each computed from its index alone, in constant memory. Nothing is listed, nothing is
 * consumed: a resumed or repaired sweep asks for the indices it lacks.
 *
 *   index = (k * data + d) * configurations + c      k seed, d data unit and noise draw, c configuration
 *
 * The seed counts slowest, so that more `replicas` append. More draws, data or configurations move indices, never ids: who wants to
 * extend a run in those ways goes by the replica's id.
 *
 * The k-th seed is the same in every configuration and on every data unit (a crossed design): two configurations are compared on the same
 * starts and the same noise, pair by pair, and shares of variance are computed from a balanced factorial. All else that is random in a
 * replica derives from its seed.
 */
import { canonicalJson, sha256 } from '../../schemas/content-id.ts';
import type { Configuration, Networkless, ResolvedSweep, Stage, Task } from '../../schemas/generated/types.ts';
import { isFixedAxis, parameterOf } from '../spec/axes.ts';
import { sweepId } from '../spec/resolve.ts';
import { configurationCount, dataCount, seedCount } from '../spec/sweep-size.ts';
import { configurationAt } from './configurations.ts';
import { replicaText, shapeId, shapeKey } from './identity.ts';
import { memo } from './memo.ts';
import { networklessOf } from './networkless.ts';
import { seeds, type Seeded } from './seeds.ts';
import { unitDraws } from './unit-draws.ts';

export interface Expansion {
  /** The sweep's id. */
  readonly sweep: string;
  readonly replicas: number;
  readonly configurations: number;
  /** The task at an index from 0 to replicas - 1. Its id is a hash of all of it; `replica` spares that where the id is known. */
  readonly task: (index: number, replica?: string) => Task;
  /** All tasks in order, from an index on. */
  readonly tasks: (from?: number) => Iterable<Task>;
}

/** Configurations, shapes and seeds that are kept at hand. */
const REMEMBERED = 256;

export function expansionOf(resolved: ResolvedSweep): Expansion {
  const sweep = sweepId(resolved);
  const configurations = configurationCount(resolved);
  const data = dataCount(resolved);
  const replicas = configurations * data * seedCount(resolved);
  const taskAt = taskMaker(resolved, { sweep, configurations, data, replicas });
  const task = (index: number, replica?: string): Task => {
    if (!Number.isSafeInteger(index) || index < 0 || index >= replicas) throw new Error(`internal: no replica ${index} of ${replicas}`);
    return taskAt(index, replica);
  };
  function* tasks(from = 0): Iterable<Task> {
    for (let index = from; index < replicas; index++) yield taskAt(index);
  }
  return { sweep, replicas, configurations, task, tasks };
}

interface Counts {
  readonly sweep: string;
  readonly configurations: number;
  readonly data: number;
  readonly replicas: number;
}

function taskMaker(resolved: ResolvedSweep, { sweep, configurations, data, replicas }: Counts): (index: number, knownId?: string) => Task {
  const { accept, finish, problem, traces } = resolved;
  const model = problem.model.object;
  const acceptText = canonicalJson(accept);
  const modelText = canonicalJson(model);
  const unitAt = unitDraws(problem.data);
  const at = configurationAt(resolved);
  const seedAt = seeds(resolved);
  const knownSeeds = memo<number, Seeded>(REMEMBERED);
  const knownConfigurations = memo<number, Configured>(REMEMBERED);
  const knownTraining = memo<string, Trained>(REMEMBERED);
  const knownShapes = memo<string, string>(REMEMBERED);

  // Written out, without spread: it runs a million times, and spreading four objects here took two fifths of the time.
  return (index, knownId) => {
    const rest = Math.floor(index / configurations);
    const { unit, draw } = unitAt(rest % data);
    const { seed, infer, text: inferText } = knownSeeds(Math.floor(rest / data), seedAt);
    const configured = knownConfigurations(index % configurations, (c) => withTexts(at(c), problem.fixed));
    const { configuration, fixed } = configured;
    const trained = knownTraining(configuration.method ?? configuration.states, () => trainingOf(resolved, configuration));
    const { training } = trained;
    const replica =
      knownId ??
      sha256(
        replicaText({
          accept: acceptText,
          configuration: configured.text,
          unit,
          draw,
          finish: trained.finishText,
          fixed: configured.fixedText,
          infer: inferText,
          method: trained.methodText,
          model: modelText,
          seed,
          spikeShapeMv: accept.yardstick === 'spikeShape' ? unit.spikeShapeMv : undefined,
          training: trained.text,
        }),
      );
    const shape = knownShapes(`${unit.samples} ${unit.segments?.length ?? 1} ${configured.shape}`, () =>
      shapeId({ model, infer, data: unit, training, configuration }),
    );
    const tracePoints = keepsTraces(replica, traces.replicas / replicas) ? traces.points : 0;
    const task: Task = {
      sweep,
      index,
      replica,
      shape,
      model,
      infer,
      fixed,
      data: unit,
      draw,
      configuration,
      training,
      accept,
      seed,
      tracePoints,
    };
    if (trained.method !== undefined) task.method = trained.method;
    else if (finish !== undefined) task.finish = finish;
    return task;
  };
}

interface Configured {
  readonly configuration: Configuration;
  readonly text: string;
  readonly fixed: Readonly<Record<string, number>>;
  readonly fixedText: string;
  readonly shape: string;
}

function withTexts(configuration: Configuration, common: ResolvedSweep['problem']['fixed']): Configured {
  const fixed = fixedOf(configuration, common);
  return { configuration, text: canonicalJson(configuration), fixed, fixedText: canonicalJson(fixed), shape: shapeKey(configuration) };
}

/** The sweep's fixed values, but for those that are axes. */
function fixedOf(configuration: Configuration, common: Readonly<Record<string, number>>): Record<string, number> {
  const axes = Object.keys(configuration).filter(isFixedAxis);
  return { ...common, ...Object.fromEntries(axes.map((axis) => [parameterOf(axis), configuration[axis]!])) };
}

/** How a replica is estimated: stages and finish of a network, or a method without one. With the texts for its id. */
interface Trained {
  readonly training: Stage[];
  readonly text: string;
  readonly finishText: string;
  readonly method: Networkless | undefined;
  readonly methodText: string;
}

function trainingOf(resolved: ResolvedSweep, configuration: Configuration): Trained {
  const method = networklessOf(configuration, resolved);
  const training = method === undefined ? resolved.training[configuration.states] : [];
  const finish = method === undefined ? resolved.finish : undefined;
  return {
    training,
    text: canonicalJson(training),
    finishText: finish === undefined ? '' : `"finish":${canonicalJson(finish)},`,
    method,
    methodText: method === undefined ? '' : `"method":${canonicalJson(method)},`,
  };
}

/** A replica keeps its traces when its id, read as a number in [0, 1), lies below the share that may. */
function keepsTraces(replica: string, share: number): boolean {
  return Number.parseInt(replica.slice(0, 13), 16) / 2 ** 52 < share;
}
