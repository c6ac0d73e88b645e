/**
 * One gate of integrated-head.ts: integrated along V (gate-integration.ts) from its steady state, or from an initial value of its own in
 * theta, and the derivatives of that by V, d:V, the gates that it reads, the inferred parameters and the initial value.
 *
 * V acts at the nodes of each step: its start, its middle (V[j] + V[j+1]) / 2 + step (dV[j] - dV[j+1]) / 8, and its end. A gate that is read by
 * others (a pool, or what fills one) acts on them at the same nodes, in the middle by the same interpolant, its slope there being
 * dx/dt = rate (inf - x). The initial value of a later segment is the end of the step that leads to it.
 */
import type { Gate } from '../../models/model.ts';
import type { Member } from '../engine.ts';
import { shareOfValue, slopeByShare, valueAtShare } from '../gate-range.ts';
import { freeGatePlace, gridStepsMs, segmentStarts, thetaToGate, type Layout } from '../layout.ts';
import { GateIntegration } from './gate-integration.ts';
import type { ProgramRun } from './program-run.ts';

/** [M - 1] each: at a step's start, middle and end. */
type StepSlopes = readonly [Float64Array, Float64Array, Float64Array];

export class IntegratedGate {
  readonly gate: Gate;
  /** Place of each segment's initial value in theta; none for a gate that is tied to its steady state. */
  readonly places: readonly number[];
  /** x in the middle of each step, [M - 1]; of a gate that others read, after `integrate`. */
  readonly middle: Float64Array;
  /** Response of x on the grid, and in the middles, after `push` and its like. */
  readonly dx: Float64Array;
  readonly dMiddle: Float64Array;
  /** Adjoints that later gates leave here: of x on the grid [M], and in the middles. */
  readonly xBar: Float64Array;
  readonly middleBar: Float64Array;
  private readonly isRead: boolean;
  private readonly reads: readonly IntegratedGate[];
  /** First point of each segment. */
  private readonly starts: Int32Array;
  private readonly integration: GateIntegration;
  private readonly stepsMs: Float64Array;
  private readonly parameters: readonly string[];
  /** d x[j+1] / d V at the step's start, middle and end, / d each gate that is read, and / d each inferred parameter, at fixed x[j], [M - 1] */
  private readonly voltageSlopes: StepSlopes;
  private readonly readSlopes: readonly StepSlopes[];
  private readonly parameterSlopes: readonly Float64Array[];
  /** d x(0) / d V(0) and / d parameters for a gate tied to its steady state */
  private initialVoltageSlope = 0;
  private readonly initialParameterSlopes: Float64Array;
  /** Of dx/dt on the grid, [M], where the gate is read: by x, by V, by each gate that it reads, by each inferred parameter. */
  private readonly rate: { byX: Float64Array; byV: Float64Array; byRead: Float64Array[]; byParameter: Float64Array[] };
  private readonly drive: Float64Array;
  private readonly slopeResponse: Float64Array;

  /** `earlier`: gates that stand before it. */
  constructor(gate: Gate, layout: Layout, member: Member, earlier: readonly IntegratedGate[], isRead: boolean) {
    const points = member.grid.length;
    const free = layout.freeGates.indexOf(gate.name);
    const perStep = (): Float64Array => new Float64Array(points - 1);
    const perPoint = (): Float64Array => new Float64Array(isRead ? points : 0);
    this.gate = gate;
    this.isRead = isRead;
    this.reads = earlier.filter((other) => gate.reads.includes(other.gate.name));
    this.starts = segmentStarts(member);
    this.places = free < 0 ? [] : Array.from(this.starts, (_, s) => freeGatePlace(layout, s, free));
    this.stepsMs = gridStepsMs(member);
    this.integration = new GateIntegration(this.stepsMs, this.starts);
    this.parameters = layout.parameters.map((parameter) => parameter.name);
    this.voltageSlopes = [perStep(), perStep(), perStep()];
    this.readSlopes = this.reads.map(() => [perStep(), perStep(), perStep()]);
    this.parameterSlopes = this.parameters.map(perStep);
    this.initialParameterSlopes = new Float64Array(this.parameters.length);
    this.rate = {
      byX: perPoint(),
      byV: perPoint(),
      byRead: this.reads.map(perPoint),
      byParameter: this.parameters.map(perPoint),
    };
    this.drive = perStep();
    this.middle = perStep();
    this.dx = new Float64Array(points);
    this.dMiddle = perStep();
    this.xBar = new Float64Array(points);
    this.middleBar = perStep();
    this.slopeResponse = perPoint();
  }

  /** x on the grid after `integrate`. */
  get x(): Float64Array {
    return this.integration.x;
  }

  /** d x / d theta of a free gate, at the beginning of a segment. */
  private initialSlope(segment: number): number {
    const x = this.x[this.starts[segment]!]!;
    const share = shareOfValue(this.gate, x);
    return slopeByShare(this.gate, x) * share * (1 - share);
  }

  /** `rates`: inf and rate at the nodes. `steady`: steady states at the segments' first points, where a gate reads others. */
  integrate(rates: ProgramRun, steady: ProgramRun, theta: Float64Array): void {
    const { name } = this.gate;
    const inf = rates.output(`inf:${name}`);
    const initial = Float64Array.from(this.starts, (start, s) => {
      if (this.places.length > 0) return valueAtShare(this.gate, thetaToGate(theta[this.places[s]!]!));
      return this.reads.length === 0 ? inf[start]! : steady.output(`steady:${name}`)[s]!;
    });
    this.integration.integrate(initial, inf, rates.output(`rate:${name}`));
    if (this.isRead) this.fillMiddle(inf, rates.output(`rate:${name}`));
  }

  private fillMiddle(inf: Float64Array, rate: Float64Array): void {
    const slope = this.x.map((x, j) => rate[j]! * (inf[j]! - x));
    interpolate(this.x, slope, this.stepsMs, this.middle);
  }

  /** `rates` and `steady` linearised; `scales`: d parameter / d theta. */
  linearise(rates: ProgramRun, steady: ProgramRun, scales: Float64Array): void {
    const { gate, integration } = this;
    const { name } = gate;
    const tied = this.places.length === 0;
    const plain = this.reads.length === 0;
    integration.linearise(rates.output(`inf:${name}`), rates.output(`rate:${name}`), tied && plain);
    const by = (wrt: string): Slopes => ({ inf: rates.partial(`inf:${name}`, wrt), rate: rates.partial(`rate:${name}`, wrt) });
    const steadyBy = (wrt: string): Float64Array => steady.partial(`steady:${name}`, wrt);
    const byVoltage = by('V');
    this.voltageSlopes.forEach((slope, node) => slope.set(this.throughNode(node, byVoltage, 1)));
    this.readSlopes.forEach((slopes, q) => {
      const byRead = by(this.reads[q]!.gate.name);
      slopes.forEach((slope, node) => slope.set(this.throughNode(node, byRead, 1)));
    });
    this.initialVoltageSlope = tied ? (plain ? byVoltage.inf[0]! : steadyBy('V')[0]!) : 0;
    this.parameters.forEach((parameter, p) => {
      const byParameter = by(parameter);
      const scale = scales[p]!;
      const target = this.parameterSlopes[p]!.fill(0);
      for (const node of [0, 1, 2]) this.throughNode(node, byParameter, scale).forEach((value, j) => (target[j]! += value));
      this.initialParameterSlopes[p] = tied ? scale * (plain ? byParameter.inf[0]! : steadyBy(parameter)[0]!) : 0;
    });
    if (tied && !plain)
      this.starts.forEach((start, s) => {
        if (start === 0) return;
        this.voltageSlopes[2][start - 1] = steadyBy('V')[s]!;
        this.parameters.forEach((parameter, p) => (this.parameterSlopes[p]![start - 1] = scales[p]! * steadyBy(parameter)[s]!));
      });
    if (this.isRead) this.lineariseRate(rates, by, scales);
  }

  /** dx/dt = rate (inf - x) on the grid. */
  private lineariseRate(rates: ProgramRun, by: (wrt: string) => Slopes, scales: Float64Array): void {
    const inf = rates.output(`inf:${this.gate.name}`);
    const rate = rates.output(`rate:${this.gate.name}`);
    const fill = (target: Float64Array, slopes: Slopes, scale: number): void => {
      for (let j = 0; j < target.length; j++) target[j] = scale * (rate[j]! * slopes.inf[j]! + (inf[j]! - this.x[j]!) * slopes.rate[j]!);
    };
    this.rate.byX.forEach((_, j, slopes) => (slopes[j] = -rate[j]!));
    fill(this.rate.byV, by('V'), 1);
    this.rate.byRead.forEach((slopes, q) => fill(slopes, by(this.reads[q]!.gate.name), 1));
    this.rate.byParameter.forEach((slopes, p) => fill(slopes, by(this.parameters[p]!), scales[p]!));
  }

  /** d x[j+1] by way of one of the step's three nodes, per step, when inf and rate there change as `by` says (over all nodes). */
  private throughNode(node: number, by: Slopes, factor: number): Float64Array {
    const first = [0, this.x.length, 1][node]!;
    const infSlope = this.integration.infSlopes[node]!;
    const rateSlope = this.integration.rateSlopes[node]!;
    return infSlope.map((slope, j) => factor * (slope * by.inf[first + j]! + rateSlope[j]! * by.rate[first + j]!));
  }

  /** Adjoint of x, `xBar` -> adjoints of V and dV on the grid, of theta beyond the network, and of the gates that it reads; all added. */
  pullback(VBar: Float64Array, dVBar: Float64Array, gradient: Float64Array, parameterOffset: number): void {
    const { drive: driveBar, stepsMs, xBar } = this;
    if (this.isRead) this.pullMiddle(VBar, gradient, parameterOffset);
    const initialBar = this.integration.adjoint(xBar, driveBar);
    const [start, middle, end] = this.voltageSlopes;
    for (let j = 0; j < driveBar.length; j++) {
      const bar = driveBar[j]! * middle[j]!;
      VBar[j]! += driveBar[j]! * start[j]! + bar / 2;
      VBar[j + 1]! += driveBar[j]! * end[j]! + bar / 2;
      dVBar[j]! += (stepsMs[j]! / 8) * bar;
      dVBar[j + 1]! -= (stepsMs[j]! / 8) * bar;
    }
    this.reads.forEach((other, q) => {
      const slopes = this.readSlopes[q]!;
      for (let j = 0; j < driveBar.length; j++) {
        other.xBar[j]! += driveBar[j]! * slopes[0][j]!;
        other.middleBar[j]! += driveBar[j]! * slopes[1][j]!;
        other.xBar[j + 1]! += driveBar[j]! * slopes[2][j]!;
      }
    });
    VBar[0]! += initialBar * this.initialVoltageSlope;
    this.parameterSlopes.forEach((slope, p) => {
      let sum = initialBar * this.initialParameterSlopes[p]!;
      for (let j = 0; j < slope.length; j++) sum += driveBar[j]! * slope[j]!;
      gradient[parameterOffset + p]! += sum;
    });
    this.places.forEach((place, s) => {
      const first = this.starts[s]!;
      gradient[place]! += (first === 0 ? initialBar : driveBar[first - 1]!) * this.initialSlope(s);
    });
  }

  /** What reached the middles goes on to x, and by its slope to V, to what it reads, and to the parameters. */
  private pullMiddle(VBar: Float64Array, gradient: Float64Array, parameterOffset: number): void {
    const slopeBar = new Float64Array(this.x.length);
    this.middleBar.forEach((bar, j) => {
      this.xBar[j]! += bar / 2;
      this.xBar[j + 1]! += bar / 2;
      slopeBar[j]! += (this.stepsMs[j]! / 8) * bar;
      slopeBar[j + 1]! -= (this.stepsMs[j]! / 8) * bar;
    });
    const { byX, byV, byRead, byParameter } = this.rate;
    slopeBar.forEach((bar, j) => {
      this.xBar[j]! += bar * byX[j]!;
      VBar[j]! += bar * byV[j]!;
      this.reads.forEach((other, q) => (other.xBar[j]! += bar * byRead[q]![j]!));
      byParameter.forEach((slopes, p) => (gradient[parameterOffset + p]! += bar * slopes[j]!));
    });
  }

  /** Response `dx` to a perturbation of V and dV on the grid, and of the gates that it reads; the initial value is held, or follows the steady state. */
  push(V: Float64Array, dV: Float64Array): void {
    const { drive, stepsMs } = this;
    const [start, middle, end] = this.voltageSlopes;
    for (let j = 0; j < drive.length; j++) {
      const half = (V[j]! + V[j + 1]!) / 2 + (stepsMs[j]! * (dV[j]! - dV[j + 1]!)) / 8;
      drive[j] = start[j]! * V[j]! + middle[j]! * half + end[j]! * V[j + 1]!;
    }
    this.respond(this.initialVoltageSlope * V[0]!, (j) => this.rate.byV[j]! * V[j]!);
  }

  /** Response to the theta of parameter p, directly and by way of the gates that it reads. */
  pushParameter(p: number): void {
    this.drive.set(this.parameterSlopes[p]!);
    this.respond(this.initialParameterSlopes[p]!, (j) => this.rate.byParameter[p]![j]!);
  }

  /** Response to the theta of its own free initial value in a segment. */
  pushInitial(segment: number): void {
    const start = this.starts[segment]!;
    const slope = this.initialSlope(segment);
    this.drive.fill(0);
    if (start > 0) this.drive[start - 1] = slope;
    this.respond(start > 0 ? 0 : slope, () => 0);
  }

  /** Response to the gates that it reads alone. */
  pushReads(): void {
    this.drive.fill(0);
    this.respond(0, () => 0);
  }

  /** Adds what the gates it reads do to `drive`; `ownSlope`: what moves dx/dt at a point beside them and x. */
  private respond(initial: number, ownSlope: (point: number) => number): void {
    const { drive, dx } = this;
    this.reads.forEach((other, q) => {
      const [start, middle, end] = this.readSlopes[q]!;
      for (let j = 0; j < drive.length; j++)
        drive[j]! += start[j]! * other.dx[j]! + middle[j]! * other.dMiddle[j]! + end[j]! * other.dx[j + 1]!;
    });
    this.integration.respond(initial, drive, dx);
    if (!this.isRead) return;
    const { byX, byRead } = this.rate;
    for (let j = 0; j < dx.length; j++) {
      let slope = ownSlope(j) + byX[j]! * dx[j]!;
      this.reads.forEach((other, q) => (slope += byRead[q]![j]! * other.dx[j]!));
      this.slopeResponse[j] = slope;
    }
    interpolate(dx, this.slopeResponse, this.stepsMs, this.dMiddle);
  }
}

/** Values in the middles of the steps from those on the grid and their slopes. */
function interpolate(x: Float64Array, slope: Float64Array, stepsMs: Float64Array, middle: Float64Array): void {
  for (let j = 0; j < middle.length; j++) middle[j] = (x[j]! + x[j + 1]!) / 2 + (stepsMs[j]! * (slope[j]! - slope[j + 1]!)) / 8;
}

/** Partial derivatives of inf and rate by one quantity, at the nodes. */
interface Slopes {
  readonly inf: Float64Array;
  readonly rate: Float64Array;
}
