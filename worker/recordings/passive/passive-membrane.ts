/**
 * Capacitance, input conductance and series resistance of a cell from current steps, pooled over edges and sweeps.
 *
 * C comes twice. From the first milliseconds of every step that does not spike: the change of dV/dt at the edge, which no rectification or sag
 * touches. And from tau / R of small steps that charge as one exponential, which is the more precise where the cell is one compartment.
 * Where the two agree, the more precise is taken. Where they do not, the membrane does not charge as one compartment: then what a spike sees in its
 * milliseconds is the first, which is taken, and both are told.
 */
import type { Recording } from '../recording.ts';
import { currentEdges, type Edge } from './current-edges.ts';
import { middle, pooled, pooledInverse, pooledLog, withoutOutliers, type Interval } from './pooled.ts';
import { stepResponse, type PassiveLimits, type Refused, type StepResponse, type WholeCharging } from './step-response.ts';

export interface PassiveOptions extends Partial<PassiveLimits> {
  /** ms in the sweep: only edges in it */
  readonly windowMs?: readonly [number, number] | undefined;
}

export interface PassiveMembrane {
  readonly kind: 'membrane';
  /** edges that gave a capacitance, and those of them that charged passively as a whole */
  readonly steps: number;
  readonly passiveSteps: number;
  readonly sweeps: readonly number[];
  /** why others were left out */
  readonly leftOut: Readonly<Record<string, number>>;
  /** current per mV/ms */
  readonly capacitance: Interval;
  readonly capacitanceFrom: 'onset' | 'charging';
  readonly onsetCapacitance: Interval;
  /** Of its logarithm: how much more charges when one looks twice as long, where that is more than noise. What noise's interval leaves out. */
  readonly systematic: number;
  /** mV per unit of current, beyond what the amplifier balanced */
  readonly seriesResistance: Interval;
  /** of the passive steps; absent without one */
  readonly charging?: { readonly capacitance: Interval; readonly conductance: Interval; readonly tauMs: number; readonly restMv: number };
  /** what a passive membrane of one compartment would not do */
  readonly remarks: readonly string[];
}

export type PassiveOutcome = PassiveMembrane | { readonly kind: 'none'; readonly leftOut: Readonly<Record<string, number>> };

/** mostMv: within so many mV of rest gates hardly move. onsetMs: long enough for noise of 0.1 mV, short against the membrane's time constant. */
const LIMITS: PassiveLimits = { mostMv: 12, blankMs: 0.5, onsetMs: 5 };

/** Relative standard error of a capacitance that is lost in the noise. */
const LOST = 0.33;
/** In standard errors of their difference: two capacitances that are further apart are two. */
const AGREE = 2.5;
/** Shares from which a departure from a passive membrane is worth a word. */
const SAG = 0.1;
const RECTIFICATION = 1.15;
const DIFFERENT = 0.1;

/** @param factor from the recording's unit of current to that of the results */
export function passiveMembrane({ sweeps }: Recording, { windowMs, ...limits }: PassiveOptions, factor: number): PassiveOutcome {
  const answers = sweeps
    .flatMap(currentEdges)
    .filter((edge) => isInside(edge, windowMs))
    .map((edge) => stepResponse({ ...edge, change: edge.change * factor }, { ...LIMITS, ...limits }));
  const refused = answers.filter((answer) => answer.kind === 'refused');
  const all = answers.filter((answer) => answer.kind === 'fit');
  const steps = withoutOutliers(all, ({ elastance }) => elastance);
  const leftOut = countsOf(refused, all.length - steps.length);
  const onset = steps.length === 0 ? undefined : pooledInverse(steps.map(({ elastance }) => elastance));
  if (onset === undefined || !(onset.value > 0 && onset.standardError < LOST)) return { kind: 'none', leftOut };
  const whole = steps.flatMap(({ charging, beforeMv }) => (charging.kind === 'charging' ? [{ ...charging, beforeMv }] : []));
  const charging = whole.length === 0 ? undefined : chargingOf(whole);
  const agrees = charging !== undefined && apart(onset, charging.capacitance) <= AGREE;
  const takesWhole = agrees && charging.capacitance.standardError < onset.standardError;
  const later = laterCapacitance(steps, onset);
  return {
    kind: 'membrane',
    steps: steps.length,
    passiveSteps: whole.length,
    sweeps: [...new Set(steps.map(({ edge }) => edge.sweep.index))],
    leftOut,
    capacitance: takesWhole ? charging.capacitance : onset,
    capacitanceFrom: takesWhole ? 'charging' : 'onset',
    onsetCapacitance: onset,
    systematic: later === undefined || takesWhole ? 0 : Math.abs(Math.log(later.value / onset.value)),
    seriesResistance: pooled(steps.map(({ seriesResistance }) => seriesResistance)),
    ...(charging === undefined ? {} : { charging }),
    remarks: [
      ...(later === undefined
        ? []
        : [
            `the capacitance depends on how long one looks: ${short(onset.value)} in the first milliseconds, ${short(later.value)} in twice as many`,
          ]),
      ...remarksOf(steps, whole, onset, charging?.capacitance, agrees),
    ],
  };
}

function chargingOf(whole: readonly (WholeCharging & { beforeMv: number })[]): NonNullable<PassiveMembrane['charging']> {
  return {
    capacitance: pooledLog(whole.map(({ capacitance }) => capacitance)),
    conductance: pooledInverse(whole.map(({ resistance }) => resistance)),
    tauMs: middle(whole.map(({ tauMs }) => tauMs)),
    restMv: middle(whole.map(({ beforeMv }) => beforeMv)),
  };
}

function apart(a: Interval, b: Interval): number {
  return Math.abs(Math.log(a.value / b.value)) / Math.hypot(a.standardError, b.standardError);
}

function isInside({ sweep, at }: Edge, windowMs: PassiveOptions['windowMs']): boolean {
  if (windowMs === undefined) return true;
  const time = sweep.startMs + at * sweep.sampleMs;
  return time >= windowMs[0] && time <= windowMs[1];
}

function countsOf(refused: readonly Refused[], outliers: number): Record<string, number> {
  const reasons = [...new Set(refused.map(({ reason }) => reason))];
  return {
    ...Object.fromEntries(reasons.map((reason) => [reason, refused.filter((other) => other.reason === reason).length])),
    ...(outliers === 0 ? {} : { 'unlike the others': outliers }),
  };
}

function remarksOf(
  steps: readonly StepResponse[],
  whole: readonly WholeCharging[],
  onset: Interval,
  charging: Interval | undefined,
  agrees: boolean,
): string[] {
  const sag = whole.length === 0 ? 0 : middle(whole.map((step) => step.sag));
  const kinds = steps.map((step) => step.charging.kind);
  const count = (kind: StepResponse['charging']['kind']): number => kinds.filter((other) => other === kind).length;
  return [
    ...(charging === undefined
      ? [
          `no step charged like a passive membrane (${count('large')} too large, ${count('not monotone') + count('does not settle')} of another shape, ${count('spikes')} with spikes): no input conductance`,
        ]
      : []),
    ...(charging !== undefined && !agrees
      ? [
          `not one compartment, or not passive: ${short(onset.value)} charge in the first milliseconds, which spikes see, ${short(charging.value)} by tau / R of the whole step`,
        ]
      : []),
    ...(sag > SAG
      ? [
          `V sags back by ${Math.round(100 * sag)} % while the current stays: fitted up to its peak, so the input conductance is not that of the leak alone`,
        ]
      : []),
    ...rectification(whole),
  ];
}

/** Whether the capacitance is one at all: more of a dendrite charges the longer one looks. */
function laterCapacitance(steps: readonly StepResponse[], onset: Interval): Interval | undefined {
  const later = withoutOutliers(
    steps.flatMap(({ laterElastance }) => laterElastance ?? []),
    (measured) => measured,
  );
  if (later.length === 0) return undefined;
  const twice = pooledInverse(later);
  return apart(onset, twice) <= AGREE || Math.abs(Math.log(twice.value / onset.value)) < DIFFERENT ? undefined : twice;
}

/** The conductance of the step furthest down over that of the one furthest up. */
function rectification(whole: readonly WholeCharging[]): string[] {
  const sorted = whole.toSorted((a, b) => a.deflectionMv - b.deflectionMv);
  const [lowest, highest] = [sorted[0], sorted.at(-1)];
  if (lowest === undefined || highest === undefined || whole.length < 3) return [];
  const ratio = lowest.resistance.value / highest.resistance.value;
  if (Math.max(ratio, 1 / ratio) < RECTIFICATION) return [];
  const words = (step: WholeCharging): string => `${short(1 / step.resistance.value)} for ${short(step.deflectionMv)} mV`;
  return [`the membrane rectifies: input conductance ${words(lowest)}, ${words(highest)}`];
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
