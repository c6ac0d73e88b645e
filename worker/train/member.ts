/** From a task and its observation to what an engine trains: the shape that a cohort shares and each replica's own member. */
import type { Task } from '../../schemas/generated/types.ts';
import type { Member, Shape } from '../engines/engine.ts';
import { initialFrequencies, initialTheta } from '../engines/initial.ts';
import { gridSize } from '../engines/layout.ts';
import type { Model } from '../models/model.ts';
import type { Observation } from './observation.ts';

export function shapeOf(task: Task, model: Model): Shape {
  const { configuration, data, infer } = task;
  return {
    model,
    infer: infer.map(({ name }) => name),
    states: configuration.states,
    depth: configuration['network.depth'],
    width: configuration['network.width'],
    features: configuration['network.features'],
    activation: configuration['network.activation'],
    samples: data.samples,
    perSample: configuration['collocation.perSample'],
  };
}

export function memberOf(task: Task, shape: Shape, observation: Observation): Member {
  const { configuration, seed, fixed } = task;
  const starts = Object.fromEntries(task.infer.map(({ name, start }) => [name, start]));
  return {
    sampleMs: observation.sampleMs,
    voltageMv: observation.voltageMv,
    sampleWeight: new Float64Array(shape.samples).fill(1),
    current: onGrid(observation.current, shape),
    frequencies: initialFrequencies(seed, shape.features, configuration['network.bandwidthKhz']),
    fixed,
    weights: { data: configuration['loss.data'], current: configuration['loss.current'], gates: configuration['loss.gates'] },
    theta: initialTheta(shape, seed, starts, fixed, observation.voltageMv[0]!),
  };
}

/** The current on the collocation grid: linear between samples, as everywhere. */
function onGrid(current: Float64Array, shape: Shape): Float64Array {
  return Float64Array.from({ length: gridSize(shape) }, (_, p) => {
    const at = p / shape.perSample;
    const before = Math.floor(at);
    const after = Math.ceil(at);
    return current[before]! + (at - before) * (current[after]! - current[before]!);
  });
}
