/** The method without a network that a configuration asks for, with its options as the worker needs them. */
import type { Configuration, Networkless, ResolvedSweep } from '../../schemas/generated/types.ts';
import { DEFAULT_DIFFERENTIAL_EVOLUTION, DEFAULT_SHOOTING } from '../spec/defaults.ts';

/** Undefined for a PINN. */
export function networklessOf(
  { method = 'pinn' }: Pick<Configuration, 'method'>,
  { methods = {}, problem }: Pick<ResolvedSweep, 'methods' | 'problem'>,
): Networkless | undefined {
  switch (method) {
    case 'pinn':
      return undefined;
    case 'regression':
      return { kind: method };
    case 'shooting':
      return {
        kind: method,
        ...DEFAULT_SHOOTING,
        ...methods.shooting,
        from: Object.fromEntries(problem.infer.map(({ name, start }) => [name, start])),
      };
    case 'differential-evolution':
      return { kind: method, ...DEFAULT_DIFFERENTIAL_EVOLUTION, ...methods['differential-evolution'] };
    default:
      return method satisfies never;
  }
}
