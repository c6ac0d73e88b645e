/**
 * The configurations of a sweep, one by one by their position. A pure function of space, sampler and the sweep's seed.
 *
 * grid: the product of the discrete axes (`choice`, `intUniform`), the last axis of the table fastest. A continuous axis is drawn once
 * for each cell, from its own stream, at a counter that is hashed from the cell's values on the discrete axes. So a cell's draw is tied to
 * its content and not to its position: values or axes that are added leave the cells that were there, and their replicas, as they are.
 *
 * random, with a continuous axis (or more than 2^52 cells): every axis is drawn independently, from its own stream, at the configuration's position. random
 * without one: cells of the grid in shuffled order, without repetition, because a configuration drawn twice would be the same replicas
 * twice. Either way a larger N only appends.
 *
 * With several methods each has its own configurations, one method after the other in the order of the spec (spec/method-spaces.ts).
 */
import { canonicalJson, sha256 } from '../../schemas/content-id.ts';
import { sampleContinuous, UNLIMITED } from '../../schemas/distribution.ts';
import type { Configuration, ContinuousDistribution, ResolvedSweep, Space } from '../../schemas/generated/types.ts';
import { randomStream, type RandomStream } from '../../schemas/random.ts';
import { AXES, AXIS_LIMITS, axisNames, isFixedAxis, type AxisName } from '../spec/axes.ts';
import { DEFAULT_CONFIGURATION } from '../spec/defaults.ts';
import { methodSpaces } from '../spec/method-spaces.ts';
import { cardinality, cellCount, hasContinuousAxis, isContinuous, methodCount, type Axis } from '../spec/sweep-size.ts';
import { MAX_PERMUTATION, permutation } from './permutation.ts';

/** The configuration at a position from 0. */
export type ConfigurationAt = (position: number) => Configuration;

/** Method by method; `method` is told of those without a network, so that a PINN is the same replica in a sweep without the axis. */
export function configurationAt({ seed, space, sampler }: Pick<ResolvedSweep, 'seed' | 'space' | 'sampler'>): ConfigurationAt {
  const methods = methodSpaces(space).map((one) => ({
    method: one.method,
    count: methodCount(sampler, one),
    at: spaceAt({ seed, space: one.space, sampler }),
  }));
  return (position) => {
    let rest = position;
    for (const { method, count, at } of methods) {
      if (rest < count) return method === 'pinn' ? at(rest) : { method, ...at(rest) };
      rest -= count;
    }
    throw new Error(`internal: no configuration ${position}`);
  };
}

function spaceAt({ seed, space, sampler }: Pick<ResolvedSweep, 'seed' | 'space' | 'sampler'>): ConfigurationAt {
  const axes = axesOf(space, seed);
  if (sampler === 'grid') return (position) => cell(axes, position);
  if (hasContinuousAxis(space) || cellCount(space) > MAX_PERMUTATION) return (position) => filled(drawnAll(axes, position));
  const shuffled = permutation(cellCount(space), randomStream(seed, 'space'));
  return (position) => cell(axes, shuffled(position));
}

interface NamedAxis {
  readonly name: AxisName;
  readonly axis: Axis;
  readonly stream: RandomStream;
}

type Value = string | number;
type Values = Partial<Record<AxisName, Value | undefined>>;

function axesOf(space: Space, seed: number): NamedAxis[] {
  const full: Space = { ...DEFAULT_CONFIGURATION, ...space };
  return axisNames(full).flatMap((name) => {
    const axis = full[name];
    return axis === undefined ? [] : [{ name, axis, stream: randomStream(seed, `space:${name}`) }];
  });
}

function cell(axes: readonly NamedAxis[], position: number): Configuration {
  const values: Values = {};
  let rest = position;
  for (const { name, axis } of axes.toReversed()) {
    if (isContinuous(axis)) continue;
    const size = cardinality(axis);
    values[name] = valueAt(axis, rest % size);
    rest = Math.floor(rest / size);
  }
  const continuous = axes.filter(({ axis }) => isContinuous(axis));
  if (continuous.length === 0) return filled(values);
  const counter = Number.parseInt(sha256(canonicalJson(discreteOf(filled(values), continuous))).slice(0, 11), 16);
  for (const axis of continuous) values[axis.name] = drawn(axis, counter);
  return filled(values);
}

function discreteOf(configuration: Configuration, continuous: readonly NamedAxis[]): Values {
  const names = new Set(continuous.map(({ name }) => name));
  return Object.fromEntries(Object.entries(configuration).filter(([name]) => !names.has(name as AxisName))); // keys of a configuration
}

function drawnAll(axes: readonly NamedAxis[], position: number): Values {
  const values: Values = {};
  for (const axis of axes) values[axis.name] = drawn(axis, position);
  return values;
}

function drawn({ name, axis, stream }: NamedAxis, counter: number): Value {
  if (isDistribution(axis) && isContinuous(axis)) return sampleContinuous(axis, stream, counter, AXIS_LIMITS[name] ?? UNLIMITED);
  const size = cardinality(axis);
  return size === 1 ? valueAt(axis, 0) : valueAt(axis, Math.floor(stream.uniform(counter) * size));
}

/** The value of a discrete axis at a place from 0. */
function valueAt(axis: Axis, place: number): Value {
  if (typeof axis !== 'object') return axis;
  if ('intUniform' in axis) return axis.intUniform[0] + place;
  if ('uniform' in axis) return axis.uniform[0];
  if ('logUniform' in axis) return axis.logUniform[0];
  const value = 'choice' in axis ? axis.choice[place] : undefined;
  if (value === undefined) throw new Error(`internal: no value ${place} on ${JSON.stringify(axis)}`);
  return value;
}

function isDistribution(axis: Axis): axis is ContinuousDistribution {
  return typeof axis === 'object' && ('uniform' in axis || 'logUniform' in axis || 'normal' in axis);
}

/** All keys, in the order of the table, then the fixed values. */
function filled(values: Values): Configuration {
  const full: Values = {};
  for (const name of [...AXES, ...Object.keys(values).filter(isFixedAxis)]) full[name] = values[name];
  return full as Configuration; // every axis has a value of its type: the space is valid and has all defaults
}
