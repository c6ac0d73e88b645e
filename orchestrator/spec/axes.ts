/** The axes of a sweep's space: the keys of a configuration, in the order in which a grid counts them (the last one fastest), and their limits. */
import type { Limits } from '../../schemas/distribution.ts';
import type { Configuration } from '../../schemas/generated/types.ts';

export type AxisName = keyof Configuration;

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

export const AXES: readonly AxisName[] = [
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
