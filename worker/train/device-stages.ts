/** Which part of a schedule runs on a device that threads share; the rest runs on the cores (worker/queue/consumer.ts). */
import type { Task } from '../../schemas/generated/types.ts';

/** Stages of Adam that the schedule begins with. */
export function deviceStages({ method, training }: Pick<Task, 'method' | 'training'>): number {
  if (method !== undefined) return 0;
  const other = training.findIndex(({ optimizer }) => optimizer !== 'adam');
  return other === -1 ? training.length : other;
}
