/**
 * The axes of a sweep's space: the keys of a configuration, in the order in which a grid counts them (the last one fastest), and their
 * limits. Every space has those of AXES; values of parameters that are held fixed (`fixed.NAME`) are axes where the spec makes them such.
 */
import type { Limits } from '../../schemas/distribution.ts';
import type { Configuration, NumberAxis, Space } from '../../schemas/generated/types.ts';

/** `method` is none of them: each method has a space of its own (method-spaces.ts). */
export type AxisName = Exclude<keyof Configuration, 'method'>;
export type FixedAxis = `fixed.${string}`;

/** Limits of the numeric axes; those of task.schema.json, which a test compares. */
export const AXIS_LIMITS: Readonly<Partial<Record<AxisName, Limits>>> = {
  'network.depth': { low: 1, high: 64 },
  'network.width': { low: 1, high: 4096 },
  'network.features': { low: 1, high: 4096 },
  'network.bandwidthKhz': { low: 0, high: Infinity, open: true },
  'collocation.perSample': { low: 1, high: 64 },
  'loss.data': { low: 0, high: Infinity },
  'loss.current': { low: 0, high: Infinity },
  'loss.gates': { low: 0, high: Infinity },
  'loss.huberMv': { low: 0, high: Infinity, open: true },
};

export const AXES: readonly Exclude<AxisName, FixedAxis>[] = [
  'states',
  'network.architecture',
  'network.depth',
  'network.width',
  'network.features',
  'network.frequencies',
  'network.bandwidthKhz',
  'network.scale',
  'network.activation',
  'network.factorisation',
  'collocation.perSample',
  'collocation.density',
  'loss.data',
  'loss.current',
  'loss.gates',
  'loss.weighting',
  'loss.huberMv',
  'loss.noise',
  'initial.gates',
];

/** AXES, then the fixed values by name: the order of keys in a file does not move a configuration. */
export function axisNames(space: Space): AxisName[] {
  return [...AXES, ...Object.keys(space).filter(isFixedAxis).toSorted()];
}

/** Fixed values that are axes, by the parameter's name. */
export function fixedAxes(space: Space = {}): [string, NumberAxis][] {
  return Object.keys(space)
    .filter(isFixedAxis)
    .flatMap((axis): [string, NumberAxis][] => (space[axis] === undefined ? [] : [[parameterOf(axis), space[axis]]]));
}

/** `fixed.C` is the axis of C. */
export function parameterOf(axis: FixedAxis): string {
  return axis.slice(PREFIX.length);
}

export function isFixedAxis(name: string): name is FixedAxis {
  return name.startsWith(PREFIX);
}

const PREFIX = 'fixed.';
