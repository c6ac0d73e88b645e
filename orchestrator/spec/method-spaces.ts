/**
 * The space of a sweep, method by method. Axes of the network and its loss are a PINN's alone: the other methods keep the axes that matter
 * to them, and take the defaults elsewhere, so that `method` with four widths is four PINNs and one of each other method, not four.
 */
import type { Method, Space } from '../../schemas/generated/types.ts';
import { isFixedAxis } from './axes.ts';
import { DEFAULT_CONFIGURATION } from './defaults.ts';

export interface MethodSpace {
  readonly method: Method;
  /** Without the axis `method`. */
  readonly space: Space;
}

/** One for each method, in the order of the spec. */
export function methodSpaces({ method = 'pinn', ...space }: Space): MethodSpace[] {
  const methods = typeof method === 'string' ? [method] : method.choice;
  return methods.map((name) => ({ method: name, space: name === 'pinn' ? space : networkless(space) }));
}

/** Whether an axis makes a difference to a method. */
export function matters(axis: string, method: Method): boolean {
  return method === 'pinn' || axis === 'method' || axis === 'initial.gates' || isFixedAxis(axis);
}

function networkless(space: Space): Space {
  const kept = Object.entries(space).filter(([name]) => name === 'replicas' || matters(name, 'regression'));
  return { ...DEFAULT_CONFIGURATION, ...Object.fromEntries(kept) };
}
