/**
 * One gate of integrated-head.ts: integrated along V (gate-integration.ts) from its steady state, or from an initial value of its own in
 * theta, and the derivatives of that by V, d:V, the inferred parameters and the initial value.
 *
 * V acts at the nodes of each step: its start, its middle (V[j] + V[j+1]) / 2 + step (dV[j] - dV[j+1]) / 8, and its end.
 */
import { gridStepsMs, thetaToGate, type Layout } from '../layout.ts';
import { GateIntegration } from './gate-integration.ts';
import type { ProgramRun } from './program-run.ts';

export class IntegratedGate {
  readonly name: string;
  /** Place of the initial value in theta; -1 for a gate that is tied to its steady state. */
  readonly place: number;
  private readonly integration: GateIntegration;
  private readonly stepsMs: Float64Array;
  private readonly parameters: readonly string[];
  /** d x[j+1] / d V at the step's start, middle and end, and / d each inferred parameter, at fixed x[j], [M - 1] */
  private readonly voltageSlopes: readonly [Float64Array, Float64Array, Float64Array];
  private readonly parameterSlopes: readonly Float64Array[];
  /** d x(0) / d V(0) and / d parameters for a gate tied to its steady state */
  private initialVoltageSlope = 0;
  private readonly initialParameterSlopes: Float64Array;
  private readonly drive: Float64Array;

  constructor(name: string, layout: Layout, grid: Float64Array) {
    const free = layout.freeGates.indexOf(name);
    const perStep = (): Float64Array => new Float64Array(grid.length - 1);
    this.name = name;
    this.place = free < 0 ? -1 : layout.freeGateOffset + free;
    this.stepsMs = gridStepsMs(grid);
    this.integration = new GateIntegration(this.stepsMs);
    this.parameters = layout.parameters.map((parameter) => parameter.name);
    this.voltageSlopes = [perStep(), perStep(), perStep()];
    this.parameterSlopes = this.parameters.map(perStep);
    this.initialParameterSlopes = new Float64Array(this.parameters.length);
    this.drive = perStep();
  }

  /** x on the grid after `integrate`. */
  get x(): Float64Array {
    return this.integration.x;
  }

  /** d x(0) / d theta of a free gate. */
  get initialSlope(): number {
    return this.x[0]! * (1 - this.x[0]!);
  }

  /** `rates`: inf and rate at the nodes. */
  integrate(rates: ProgramRun, theta: Float64Array): void {
    const inf = rates.output(`inf:${this.name}`);
    this.integration.integrate(this.place < 0 ? inf[0]! : thetaToGate(theta[this.place]!), inf, rates.output(`rate:${this.name}`));
  }

  /** `rates` linearised; `scales`: d parameter / d theta. */
  linearise(rates: ProgramRun, scales: Float64Array): void {
    const { name, integration } = this;
    integration.linearise(rates.output(`inf:${name}`), rates.output(`rate:${name}`));
    const steady = this.place < 0;
    const by = (wrt: string): Slopes => ({ inf: rates.partial(`inf:${name}`, wrt), rate: rates.partial(`rate:${name}`, wrt) });
    const byVoltage = by('V');
    this.voltageSlopes.forEach((slope, node) => slope.set(this.throughNode(node, byVoltage, 1)));
    this.initialVoltageSlope = steady ? byVoltage.inf[0]! : 0;
    this.parameters.forEach((parameter, p) => {
      const byParameter = by(parameter);
      const scale = scales[p]!;
      const target = this.parameterSlopes[p]!.fill(0);
      for (const node of [0, 1, 2]) this.throughNode(node, byParameter, scale).forEach((value, j) => (target[j]! += value));
      this.initialParameterSlopes[p] = steady ? scale * byParameter.inf[0]! : 0;
    });
  }

  /** d x[j+1] by way of one of the step's three nodes, per step, when inf and rate there change as `by` says (over all nodes). */
  private throughNode(node: number, by: Slopes, factor: number): Float64Array {
    const first = [0, this.x.length, 1][node]!;
    const infSlope = this.integration.infSlopes[node]!;
    const rateSlope = this.integration.rateSlopes[node]!;
    return infSlope.map((slope, j) => factor * (slope * by.inf[first + j]! + rateSlope[j]! * by.rate[first + j]!));
  }

  /** Adjoint of x [M] -> adjoints of V and dV on the grid, of the parameters' theta (all added), and of x(0) (returned). */
  pullback(xBar: Float64Array, VBar: Float64Array, dVBar: Float64Array, parametersBar: Float64Array): number {
    const { drive: driveBar, stepsMs } = this;
    const initialBar = this.integration.adjoint(xBar, driveBar);
    const [start, middle, end] = this.voltageSlopes;
    for (let j = 0; j < driveBar.length; j++) {
      const bar = driveBar[j]! * middle[j]!;
      VBar[j]! += driveBar[j]! * start[j]! + bar / 2;
      VBar[j + 1]! += driveBar[j]! * end[j]! + bar / 2;
      dVBar[j]! += (stepsMs[j]! / 8) * bar;
      dVBar[j + 1]! -= (stepsMs[j]! / 8) * bar;
    }
    VBar[0]! += initialBar * this.initialVoltageSlope;
    this.parameterSlopes.forEach((slope, p) => {
      let sum = initialBar * this.initialParameterSlopes[p]!;
      for (let j = 0; j < slope.length; j++) sum += driveBar[j]! * slope[j]!;
      parametersBar[p]! += sum;
    });
    return initialBar;
  }

  /** Response of x to a perturbation of V and dV on the grid; the initial value is held, or follows the steady state. */
  push(V: Float64Array, dV: Float64Array, x: Float64Array): void {
    const { drive, stepsMs } = this;
    const [start, middle, end] = this.voltageSlopes;
    for (let j = 0; j < drive.length; j++) {
      const half = (V[j]! + V[j + 1]!) / 2 + (stepsMs[j]! * (dV[j]! - dV[j + 1]!)) / 8;
      drive[j] = start[j]! * V[j]! + middle[j]! * half + end[j]! * V[j + 1]!;
    }
    this.integration.respond(this.initialVoltageSlope * V[0]!, drive, x);
  }

  /** Response of x to the theta of parameter p. */
  pushParameter(p: number, x: Float64Array): void {
    this.integration.respond(this.initialParameterSlopes[p]!, this.parameterSlopes[p]!, x);
  }

  /** Response of x to the theta of a free initial value. */
  pushInitial(x: Float64Array): void {
    this.integration.respond(this.initialSlope, this.drive.fill(0), x);
  }
}

/** Partial derivatives of inf and rate by one quantity, at the nodes. */
interface Slopes {
  readonly inf: Float64Array;
  readonly rate: Float64Array;
}
