/** From a task and its observation to what an engine trains: the shape that a cohort shares and each replica's own member. */
import type { Configuration, Task } from '../../schemas/generated/types.ts';
import type { Member, Settings, Shape } from '../engines/engine.ts';
import { harmonicFrequencies, initialFrequencies, initialTheta } from '../engines/initial.ts';
import { priorsOf } from '../engines/prior.ts';
import type { Model } from '../models/model.ts';
import { collocationGrid, currentOnGrid } from './collocation.ts';
import { drivenVoltage } from './driven-voltage.ts';
import { bridgedVoltage, countedSamples } from './ignored.ts';
import type { Observation } from './observation.ts';

export function shapeOf(task: Task, model: Model): Shape {
  const { configuration, data, infer } = task;
  return {
    model,
    infer: infer.map(({ name }) => name),
    priors: priorsOf(infer).length,
    states: configuration.states,
    architecture: configuration['network.architecture'],
    depth: configuration['network.depth'],
    width: configuration['network.width'],
    features: configuration['network.features'],
    scale: configuration['network.scale'],
    activation: configuration['network.activation'],
    factorisation: configuration['network.factorisation'],
    initialGates: configuration['initial.gates'],
    samples: data.samples,
    segments: data.segments?.length ?? 1,
    perSample: configuration['collocation.perSample'],
  };
}

/** What an engine may lack beside the shape. */
export function settingsOf({ configuration, training }: Pick<Task, 'configuration' | 'training'>): Settings {
  return { ...lossSettings(configuration), density: configuration['collocation.density'], training };
}

export function collocationOf({ configuration }: Pick<Task, 'configuration'>, observation: Observation): Pick<Member, 'grid' | 'sampleAt'> {
  // a cycle of the highest frequency
  const gapMs = 1 / configuration['network.bandwidthKhz'];
  return collocationGrid(observation, configuration['collocation.perSample'], configuration['collocation.density'], gapMs);
}

export function memberOf(task: Task, shape: Shape, observation: Observation): Member {
  const { configuration, seed, fixed } = task;
  const starts = Object.fromEntries(task.infer.map(({ name, start }) => [name, start]));
  const collocation = collocationOf(task, observation);
  const current = currentOnGrid(observation.current, collocation);
  const { segments } = observation;
  const firstMv = bridgedVoltage(observation);
  return {
    segments,
    ...collocation,
    voltageMv: observation.voltageMv,
    sampleWeight: Float64Array.from(countedSamples(observation)),
    current,
    ...drivenVoltage({ model: shape.model, parameters: { ...fixed, ...starts } }, { ...collocation, segments, current }),
    frequencies: frequenciesOf(configuration, seed, collocation.grid.at(-1)!),
    fixed,
    weights: { data: configuration['loss.data'], current: configuration['loss.current'], gates: configuration['loss.gates'] },
    priors: priorsOf(task.infer),
    sigmaMv: observation.sigmaMv,
    ...lossSettings(configuration),
    theta: initialTheta(
      shape,
      seed,
      starts,
      fixed,
      Array.from(segments, (first) => firstMv[first]!),
    ),
  };
}

function lossSettings(configuration: Configuration): Pick<Member, 'huberMv' | 'noise' | 'weighting'> {
  const huberMv = configuration['loss.huberMv'];
  return {
    huberMv: huberMv === 'off' ? Infinity : huberMv,
    noise: configuration['loss.noise'],
    weighting: configuration['loss.weighting'],
  };
}

function frequenciesOf(configuration: Configuration, seed: number, windowMs: number): Float64Array {
  const count = configuration['network.features'];
  return configuration['network.frequencies'] === 'random'
    ? initialFrequencies(seed, count, configuration['network.bandwidthKhz'])
    : harmonicFrequencies(count, windowMs);
}
