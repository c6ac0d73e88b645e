/** Data units and their noise draws as one axis: unit by unit, each unit's draws from 0. */
import type { DataUnit } from '../../schemas/generated/types.ts';

export interface UnitDraw {
  readonly unit: DataUnit;
  readonly draw: number;
}

/** From a position on that axis to the unit and the draw, by bisection. */
export function unitDraws(units: readonly DataUnit[]): (position: number) => UnitDraw {
  const ends: number[] = [];
  for (const { draws } of units) ends.push((ends.at(-1) ?? 0) + draws);
  return (position) => {
    let low = 0;
    let high = units.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ends[middle] ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    const unit = units[low];
    if (unit === undefined || position < 0) throw new Error(`internal: no data at ${position}`);
    return { unit, draw: position - ((ends[low] ?? 0) - unit.draws) };
  };
}
