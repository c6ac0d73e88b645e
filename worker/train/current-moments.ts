/** What a data unit's current is like, in three numbers: enough to tell whether two units were stimulated alike. */
import type { CurrentMoments, DataUnit, TraceObject } from '../../schemas/generated/types.ts';
import { unitCurrent } from './observe.ts';

/** In the model's unit; jumps from one segment to the next count as changes. */
export function currentMoments(data: DataUnit, trace: (hash: string) => TraceObject): CurrentMoments {
  const current = unitCurrent(data, trace);
  const n = current.length;
  const mean = current.reduce((sum, value) => sum + value, 0) / n;
  const squares = current.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const changes = current.reduce((sum, value, i) => sum + (i === 0 ? 0 : (value - current[i - 1]!) ** 2), 0);
  return { mean, sd: Math.sqrt(squares / n), change: Math.sqrt(changes / (n - 1)) };
}
