/**
 * The accepted replicas of a run, as `loligo export` gives them away: a neuron for each replica and segment of its data, and before them the
 * median of the parameters (of the logarithm for positive ones) once for each stretch, from the median of the initial states there.
 */
import { LoligoError } from '../../schemas/errors.ts';
import type { Estimate, Lock, Result, Task } from '../../schemas/generated/types.ts';
import { packageVersion } from '../../schemas/package-root.ts';
import { median } from '../../schemas/sample-quantile.ts';
import { modelSource, type Ensemble, type Neuron, type Stretch } from '../../worker/export/ensemble.ts';
import { observe } from '../../worker/train/observe.ts';
import { segmentSpans } from '../../worker/train/segments.ts';
import { traceReader } from '../../worker/train/trace-reader.ts';
import { expansionOf } from '../expand/expansion.ts';
import { readOutcomes } from '../results/outcome-reader.ts';
import type { Run } from '../results/run-directory.ts';

export interface AcceptedReplica {
  readonly task: Task;
  readonly result: Result;
  readonly estimate: Estimate;
}

/** In the order of the expansion. Throws RUN_CORRUPT, and USAGE where there is none and one is needed. */
export async function acceptedReplicas({ path, lock }: Run, { needed }: { readonly needed: boolean }): Promise<AcceptedReplica[]> {
  const expansion = expansionOf(lock.resolved);
  const accepted: AcceptedReplica[] = [];
  const kinds = new Map<string, number>();
  for await (const result of readOutcomes(path)) {
    const { outcome, estimate } = result;
    const kind = outcome.kind === 'stopped' ? `stopped/${outcome.reason}` : outcome.kind;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if (outcome.kind === 'converged' && estimate !== undefined) accepted.push({ task: expansion.task(result.index), result, estimate });
  }
  if (needed && accepted.length === 0) throw withoutAccepted(path, kinds);
  return accepted.toSorted((a, b) => a.result.index - b.result.index);
}

function withoutAccepted(path: string, kinds: ReadonlyMap<string, number>): LoligoError {
  const counted = [...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ');
  return new LoligoError([
    {
      code: 'USAGE',
      where: path,
      rule: 'only accepted replicas are exported, and the run has none',
      got: counted === '' ? 'no outcome yet' : counted,
      remedy: kinds.size === 0 ? 'Wait for the run, or resume it.' : 'See report.html for why; "accept" in the spec sets the filter.',
    },
  ]);
}

/** `kept`: so many replicas, the first; the median is of all. */
export function ensembleOf({ lock, objects }: Run, accepted: readonly AcceptedReplica[], kept: number): Ensemble {
  const { problem } = lock.resolved;
  const source = modelSource(objects.get(problem.model.object), problem.model.name);
  const trace = traceReader((hash) => objects.get(hash));
  const stretches: Stretch[] = [];
  const places = new Map<string, number>();
  for (const { data } of accepted.map(({ task }) => task)) {
    if (places.has(data.id)) continue;
    places.set(data.id, stretches.length);
    // the stimulus does not depend on the noise draw
    const { current, segments, sampleMs } = observe({ data, draw: 0, model: source.model, objects: { trace } });
    segmentSpans(segments, current.length).forEach(({ from, to }, s) => {
      const label = segments.length === 1 ? data.label : `${data.label}, segment ${s + 1}`;
      stretches.push({ label, sampleMs, current: current.subarray(from, to) });
    });
  }
  const neuronsFor = (replicas: readonly AcceptedReplica[]): Neuron[] =>
    replicas.flatMap((replica) => neuronsOf(replica, places.get(replica.task.data.id)!));
  return {
    name: lock.resolved.name,
    origin: originOf(lock, accepted),
    source,
    stretches,
    neurons: [...medians(lock, neuronsFor(accepted), stretches.length), ...neuronsFor(accepted.slice(0, kept))],
  };
}

function neuronsOf({ task, estimate }: AcceptedReplica, stretch: number): Neuron[] {
  const parameters = { ...task.fixed, ...estimate.parameters };
  return [estimate.initial, ...(estimate.furtherInitial ?? [])].map((initial, s) => ({
    label: `replica ${task.replica.slice(0, 12)}`,
    stretch: stretch + s,
    parameters,
    initial,
  }));
}

function medians({ resolved }: Lock, replicas: readonly Neuron[], stretches: number): Neuron[] {
  const names = Object.keys(replicas[0]!.parameters);
  const positive = new Set(resolved.problem.infer.filter((parameter) => parameter.positive).map(({ name }) => name));
  const parameters = Object.fromEntries(
    names.map((name) => [
      name,
      middle(
        replicas.map((replica) => replica.parameters[name]!),
        positive.has(name),
      ),
    ]),
  );
  return Array.from({ length: stretches }, (_, stretch) => {
    const own = replicas.filter((replica) => replica.stretch === stretch);
    const states = Object.keys(own[0]!.initial);
    const initial = Object.fromEntries(
      states.map((state) => [
        state,
        middle(
          own.map((replica) => replica.initial[state]!),
          false,
        ),
      ]),
    );
    return { label: 'median', stretch, parameters, initial };
  });
}

/** Values that are all the same stay as they are. */
function middle(values: readonly number[], logarithmic: boolean): number {
  if (values.every((value) => value === values[0])) return values[0]!;
  return logarithmic ? Math.exp(median(values.map(Math.log))!) : median(values)!;
}

function originOf({ sweep, resolved }: Lock, accepted: readonly AcceptedReplica[]): string[] {
  const engines = [...new Set(accepted.map(({ result }) => result.engine))].toSorted().join(' and ');
  return [
    `Made by loligo ${packageVersion()} from ${accepted.length} accepted replicas of the sweep ${resolved.name} (${sweep.slice(0, 16)}), engine ${engines}.`,
    `Filter: ${JSON.stringify(resolved.accept)}.`,
  ];
}
