/** Units of what the model of a run names: parameters, tied ones too, and states. */
import { modelSource } from '../../worker/export/ensemble.ts';
import type { ModelUnits } from '../results/result-columns.ts';
import type { Run } from '../results/run-directory.ts';

/** Throws OBJECT_MISSING. */
export function modelUnits({ lock, objects }: Pick<Run, 'lock' | 'objects'>): ModelUnits {
  const { name, object } = lock.resolved.problem.model;
  const { model } = modelSource(objects.get(object), name);
  const all: readonly { readonly name: string; readonly unit: string }[] = [...model.parameters, ...model.tied];
  return {
    parameters: Object.fromEntries(all.map((parameter) => [parameter.name, parameter.unit])),
    states: Object.fromEntries([{ name: 'V', unit: 'mV' }, ...model.gates].map((state) => [state.name, state.unit])),
  };
}
