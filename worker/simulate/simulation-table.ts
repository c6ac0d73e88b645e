/** A forward solution as a table, for `loligo simulate`. Column names carry the unit, as a recording's `columns` in a spec expect. */
import { isPool, stateNames, type Model } from '../models/model.ts';
import { currentColumn } from '../recordings/csv.ts';

export interface SimulationTable {
  readonly columns: readonly string[];
  /** one per sample, in the order of `columns` */
  rows(): Generator<readonly number[]>;
}

/**
 * Columns timeMs, current, voltageMv and one per gate; a pool's names its unit.
 * @param states V (mV) and gates by name, and `current` in the model's unit: one value per sample each
 */
export function simulationTable(
  model: Model,
  states: Readonly<Record<string, Float64Array>>,
  current: Float64Array,
  sampleMs: number,
): SimulationTable {
  const names = stateNames(model);
  return {
    columns: [
      'timeMs',
      currentColumn(model.currentUnit) ?? `current (${model.currentUnit})`,
      'voltageMv',
      ...model.gates.map((gate) => (isPool(gate) ? `${gate.name} (${gate.unit})` : gate.name)),
    ],
    *rows() {
      // 12 digits: 0.1 * 3 is written 0.3, and V keeps more than its accuracy
      for (let i = 0; i < current.length; i++)
        yield [i * sampleMs, current[i]!, ...names.map((name) => states[name]![i]!)].map((value) => Number(value.toPrecision(12)));
    },
  };
}
