/** Vector instruction sets of this processor, as far as the system tells. */
import { readFileSync } from 'node:fs';

const KNOWN = ['sse4_2', 'avx', 'avx2', 'fma', 'avx512f', 'asimd', 'sve'];

/** Empty where there is no /proc/cpuinfo (macOS, Windows). */
export function readInstructionSets(): string[] {
  let text: string;
  try {
    text = readFileSync('/proc/cpuinfo', 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error) return [];
    throw error;
  }
  const flags = new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(text)?.[1]?.split(' '));
  return KNOWN.filter((name) => flags.has(name));
}
