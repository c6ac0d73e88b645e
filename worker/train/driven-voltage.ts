/**
 * What the changes of the current alone do to V, by the model's own capacitance: a replica's network gives V less this. A current that is
 * linear between samples and changes at random from one to the next bends dV/dt at every sample. A smooth network can follow that only by
 * bending between samples too, where no residual sees it: with it, under fluctuating current (50 ms, 1 mV, 12 draws), gNa ended 0.83
 * standard errors (RMS) from its maximum-likelihood estimate and 4 draws failed chi2; without it 0.37 and none.
 *
 * dv/dt = (I - I[0]) dI - v / 2 ms,  v(0) = 0,  dI being mV/ms per unit of current: solved exactly along the grid. The leak keeps v small
 * where the current wanders far; of 0.3, 0.5, 1, 2 and 5 ms, 2 did best. A constant current gives 0. Each segment begins at 0 with its own
 * first current.
 */
import type { Member } from '../engines/engine.ts';
import { segmentStarts } from '../engines/layout.ts';
import { ProgramRun } from '../engines/reference/program-run.ts';
import type { Model } from '../models/model.ts';

const LEAK_MS = 2;

/** `parameters`: every parameter of the model, first guesses for those that are inferred. */
export function drivenVoltage(
  { model, parameters }: { model: Model; parameters: Readonly<Record<string, number>> },
  member: Pick<Member, 'grid' | 'sampleAt' | 'segments' | 'current'>,
): Pick<Member, 'drivenMv' | 'drivenRate'> {
  const perUnit = ratePerCurrent(model, parameters);
  const starts = segmentStarts(member);
  const parts = Array.from(starts, (start, s) => drivenSegment(perUnit, member, start, starts[s + 1]));
  const joined = (part: 'drivenMv' | 'drivenRate'): Float64Array =>
    Float64Array.from(parts.flatMap((segment) => Array.from(segment[part])));
  return { drivenMv: joined('drivenMv'), drivenRate: joined('drivenRate') };
}

/** Of the points from `start` to before `end`. */
function drivenSegment(
  perUnit: number,
  member: Pick<Member, 'grid' | 'current'>,
  start: number,
  end: number | undefined,
): Pick<Member, 'drivenMv' | 'drivenRate'> {
  const grid = member.grid.subarray(start, end);
  const current = member.current.subarray(start, end);
  const drive = current.map((value) => perUnit * (value - current[0]!));
  const drivenMv = new Float64Array(grid.length);
  for (let j = 0; j + 1 < grid.length; j++) {
    const stepMs = grid[j + 1]! - grid[j]!;
    const decay = Math.exp(-stepMs / LEAK_MS);
    const ramp = (drive[j + 1]! - drive[j]!) / stepMs;
    const settled = LEAK_MS * (1 - decay);
    drivenMv[j + 1] = drivenMv[j]! * decay + drive[j]! * settled + ramp * LEAK_MS * (stepMs - settled);
  }
  return { drivenMv, drivenRate: drivenMv.map((V, j) => drive[j]! - V / LEAK_MS) };
}

/** d(dV/dt) / dI at rest, mV/ms per unit of current. */
function ratePerCurrent(model: Model, parameters: Readonly<Record<string, number>>): number {
  const gates = Object.fromEntries(model.gates.map(({ name }) => [name, 0]));
  const run = new ProgramRun(model.currentResidual, ['d:V', 'I'], 1, []);
  run.setScalars({ ...parameters, ...gates, V: model.rest, 'd:V': 0, I: 0 });
  run.linearise();
  return -run.partial('residual:V', 'I')[0]! / run.partial('residual:V', 'd:V')[0]!;
}
