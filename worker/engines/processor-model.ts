/** The processor of this machine, as the operating system names it. */
import { cpus } from 'node:os';

export function processorModel(): string {
  return cpus()[0]?.model.trim() ?? 'unknown';
}
