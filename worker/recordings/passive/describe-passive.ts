/** A passive membrane as quantities with units and as lines for people. */
import type { MeasuredQuantity } from '../../../schemas/generated/types.ts';
import type { Recording } from '../recording.ts';
import { currentFactor } from '../units.ts';
import { passiveMembrane, type PassiveMembrane } from './passive-membrane.ts';
import type { Interval } from './pooled.ts';

/** Whole cells count in pA, densities in uA/cm2: what follows from them with mV and ms. */
const UNITS = {
  pA: { capacitance: 'pF', conductance: 'nS', resistance: 'MOhm', perResistance: 1000 },
  'uA/cm2': { capacitance: 'uF/cm2', conductance: 'mS/cm2', resistance: 'kOhm cm2', perResistance: 1 },
} as const;

export type PassiveUnit = keyof typeof UNITS;
const PASSIVE_UNITS = ['pA', 'uA/cm2'] as const;

export function passiveQuantities({ capacitance, seriesResistance, charging }: PassiveMembrane, unit: PassiveUnit): MeasuredQuantity[] {
  const units = UNITS[unit];
  const quantity = (name: string, text: string, { value, low, high }: Interval, factor = 1): MeasuredQuantity => ({
    name,
    unit: text,
    value: rounded(value * factor),
    low: rounded(low * factor),
    ...(high === Infinity ? {} : { high: rounded(high * factor) }),
  });
  return [
    quantity('capacitance', units.capacitance, capacitance),
    ...(charging === undefined
      ? []
      : [
          quantity(`input conductance at ${Math.round(charging.restMv)} mV`, units.conductance, charging.conductance),
          { name: 'time constant', unit: 'ms', value: rounded(charging.tauMs) },
        ]),
    quantity('series resistance', units.resistance, seriesResistance, units.perResistance),
  ];
}

/** e.g. "capacitance 25.7 pF (25.4 to 26)" */
export function quantityWords({ name, unit, value, low, high }: MeasuredQuantity): string {
  const interval = low === undefined ? '' : ` (${short(low)} to ${high === undefined ? 'any' : short(high)})`;
  return `${name} ${short(value)} ${unit}${interval}`;
}

/** "43 steps, 2 of them passive as a whole; left out: 38 spikes" */
export function stepWords({ steps, passiveSteps, leftOut, capacitanceFrom }: PassiveMembrane): string {
  const others = Object.entries(leftOut).map(([reason, count]) => `${count} ${reason}`);
  const source = capacitanceFrom === 'onset' ? 'the first milliseconds of steps' : 'the whole charging of passive steps';
  return `capacitance from ${source}; ${steps} steps, ${passiveSteps} of them passive as a whole${others.length === 0 ? '' : `; left out: ${others.join(', ')}`}`;
}

/** Four digits: estimates go into ids. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** What `loligo inspect --passive` tells of a recording. */
export interface PassiveReading {
  readonly steps: string;
  readonly quantities: readonly MeasuredQuantity[];
  readonly remarks: readonly string[];
}

export function readPassive(recording: Recording): PassiveReading {
  const nothing = (steps: string): PassiveReading => ({ steps, quantities: [], remarks: [] });
  const stimulus = recording.sweeps[0]?.stimulus;
  const unit = PASSIVE_UNITS.find((candidate) => currentFactor(stimulus?.unit ?? '', candidate) !== undefined);
  if (stimulus === undefined || stimulus.source === 'none' || unit === undefined) return nothing('the injected current is not known');
  const outcome = passiveMembrane(recording, {}, currentFactor(stimulus.unit, unit) ?? NaN);
  if (outcome.kind === 'membrane')
    return { steps: stepWords(outcome), quantities: passiveQuantities(outcome, unit), remarks: outcome.remarks };
  const reasons = Object.entries(outcome.leftOut).map(([reason, count]) => `${count} ${reason}`);
  return nothing(reasons.length === 0 ? 'no step of the current' : `no step of use: ${reasons.join(', ')}`);
}

/** Several lines without a line feed at the end. */
export function describePassive({ steps, quantities, remarks }: PassiveReading): string {
  return [
    `passive membrane: ${steps}`,
    ...quantities.map((quantity) => `  ${quantityWords(quantity)}`),
    ...remarks.map((remark) => `  note: ${remark}`),
  ].join('\n');
}
