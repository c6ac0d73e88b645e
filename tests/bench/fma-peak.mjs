/**
 * The processor's FMA peak, as runners: fma-peak.cpp, compiled here for each vector width that the processor has, because the widest is not
 * always the fastest. Without a C++ compiler there is no peak to compare with, and the reason is told.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lastLine } from './rates.mjs';

const SOURCE = fileURLToPath(new URL('fma-peak.cpp', import.meta.url));
const COMPILERS = [process.env.CXX, 'g++', 'c++', 'clang++', 'clang++-19'];
/** By the processor's flag, as /proc/cpuinfo writes it, the compiler's. */
const WIDTHS = [
  { flag: 'avx512f', options: ['-mavx512f', '-mfma'] },
  { flag: 'avx2', options: ['-mavx2', '-mfma'] },
];

/** Descriptions for startRunner, named "peak WIDTH", and `remove` for the programs. `flags`: the processor's instruction sets. */
export function fmaPeaks(flags, { cores, onAbsent }) {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-peak-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const known = WIDTHS.filter(({ flag }) => flags.includes(flag));
  const widths = known.length > 0 ? known : [{ flag: 'native', options: ['-march=native'] }];
  try {
    const descriptions = widths.map(({ flag, options }) => ({
      name: `peak ${flag}`,
      command: compile(folder, flag, options),
      args: [],
      cores,
    }));
    return { descriptions, remove };
  } catch (error) {
    onAbsent('FMA peak', error.message);
    return { descriptions: [], remove };
  }
}

function compile(folder, flag, options) {
  const program = join(folder, flag);
  const args = ['-std=c++20', '-O2', '-ffp-contract=fast', ...options, SOURCE, '-o', program];
  for (const compiler of COMPILERS.filter((name) => name !== undefined)) {
    try {
      execFileSync(compiler, args, { stdio: ['ignore', 'ignore', 'pipe'] });
      return program;
    } catch (error) {
      if (error.code !== 'ENOENT') throw new Error(`${compiler}: ${lastLine(String(error.stderr))}`, { cause: error });
    }
  }
  throw new Error('no C++ compiler (tried CXX, g++, c++, clang++)');
}
