/**
 * Ids of replicas and shapes.
 *
 * A replica's id is the content id of all that determines its numbers, and of nothing else:
 *
 *   { accept, configuration, data: { id, sigmaMv, draw }, finish?, fixed, infer: [{ name, start, prior? }], method?, model, seed, training }
 *
 * each as it stands in its task, `finish` and `method` only where there is one. Not in it: sweep, position, stored trace points, names and labels. So the same replica in another sweep,
 * or in a longer one, is the same replica. `accept` is in it because it decides between `converged` and `stopped`; `sigmaMv` because
 * chi2 is counted in it, and so `spikeShapeMv` where that is the yardstick.
 *
 * A shape's id is the first 16 digits of the content id of all that must be equal for replicas to train in one batch:
 *
 *   { model, infer: [name], samples, segments?: how many, training, method?, states, and the configuration's architecture, depth, width, features, scale, activation,
 *     factorisation, initial gates, perSample }
 *
 * Frequencies, collocation times, loss weights and what else the loss is made of are per replica in a batch; with them in the shape, a
 * continuous axis would make batches of one.
 */
import { canonicalJson, contentId } from '../../schemas/content-id.ts';
import type { Configuration, DataUnit, Task } from '../../schemas/generated/types.ts';

/** What a replica's id is the content id of. */
export function replicaContent(task: Omit<Task, 'sweep' | 'index' | 'replica' | 'shape' | 'tracePoints'>): unknown {
  const { accept, configuration, data, draw, finish, fixed, infer, method, model, seed, training } = task;
  const spikeShapeMv = accept.yardstick === 'spikeShape' ? data.spikeShapeMv : undefined;
  const described = { id: data.id, sigmaMv: data.sigmaMv, ...(spikeShapeMv === undefined ? {} : { spikeShapeMv }), draw };
  return {
    accept,
    configuration,
    data: described,
    ...(finish === undefined ? {} : { finish }),
    fixed,
    infer,
    ...(method === undefined ? {} : { method }),
    model,
    seed,
    training,
  };
}

/** Canonical JSON of replicaContent, put together from texts that many replicas share. A million ids take seconds this way. */
export function replicaText({
  accept,
  configuration,
  unit,
  draw,
  finish,
  fixed,
  infer,
  method,
  model,
  seed,
  spikeShapeMv,
  training,
}: ReplicaTexts): string {
  const shape = spikeShapeMv === undefined ? '' : `,"spikeShapeMv":${spikeShapeMv}`;
  const data = `{"draw":${draw},"id":"${unit.id}","sigmaMv":${unit.sigmaMv}${shape}}`;
  return `{"accept":${accept},"configuration":${configuration},"data":${data},${finish}"fixed":${fixed},"infer":${infer},${method}"model":${model},"seed":${seed},"training":${training}}`;
}

/** Canonical JSON of each part; plain numbers and a hash are canonical as they are. */
export interface ReplicaTexts {
  readonly accept: string;
  readonly configuration: string;
  readonly unit: Pick<DataUnit, 'id' | 'sigmaMv'>;
  readonly draw: number;
  /** the key with its value and a comma, or empty */
  readonly finish: string;
  readonly fixed: string;
  readonly infer: string;
  /** the key with its value and a comma, or empty */
  readonly method: string;
  readonly model: string;
  readonly seed: number;
  /** of the unit, where chi2 is counted in it */
  readonly spikeShapeMv: number | undefined;
  readonly training: string;
}

export function shapeId(task: Pick<Task, 'model' | 'infer' | 'data' | 'training' | 'configuration'>): string {
  const { model, infer, data, training, configuration } = task;
  const names = infer.map(({ name }) => name);
  const { samples, segments } = data;
  const parts = segments === undefined ? {} : { segments: segments.length };
  return contentId({ model, infer: names, samples, ...parts, training, ...batchedKeys(configuration) }).slice(0, 16);
}

/** What a shape takes from a configuration, as a text: cheaper to compare than the id. Within a sweep training follows from `states`. */
export function shapeKey(configuration: Configuration): string {
  return canonicalJson(batchedKeys(configuration));
}

function batchedKeys(configuration: Configuration): Partial<Configuration> {
  return {
    ...(configuration.method === undefined ? {} : { method: configuration.method }),
    states: configuration.states,
    'network.architecture': configuration['network.architecture'],
    'network.depth': configuration['network.depth'],
    'network.width': configuration['network.width'],
    'network.features': configuration['network.features'],
    'network.scale': configuration['network.scale'],
    'network.activation': configuration['network.activation'],
    'network.factorisation': configuration['network.factorisation'],
    'collocation.perSample': configuration['collocation.perSample'],
    'initial.gates': configuration['initial.gates'],
  };
}
