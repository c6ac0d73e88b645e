/**
 * Residuals with `states: integrated`: the network gives V alone, every gate is integrated along it (gate-integration.ts), so that the
 * gates obey their equations by construction; what remains is the current balance and the data.
 *
 * A perturbation of the network reaches residual:V[j] through V[j], d:V[j], and through every gate, which remembers V before j.
 * That map from (V, d:V) on the grid to the residuals is `push`; Gram matrices are carried through it column by column, so that no
 * Jacobian of the network's weights is ever stored.
 */
import type { Member, Shape } from '../engine.ts';
import {
  gridSize,
  gridStepMs,
  inferredParameters,
  parameterSlope,
  thetaToGate,
  VOLTAGE_CENTRE,
  VOLTAGE_SCALE,
  type Layout,
} from '../layout.ts';
import { GateIntegration } from './gate-integration.ts';
import type { Functionals, Head } from './head.ts';
import type { Network } from './network.ts';
import { ProgramRun } from './program-run.ts';

interface GateState {
  readonly name: string;
  readonly free: number;
  readonly integration: GateIntegration;
  /** d x[j+1] / d V at the step's start, middle and end, and / d each inferred parameter, at fixed x[j], [M - 1] */
  readonly voltageSlopes: readonly [Float64Array, Float64Array, Float64Array];
  readonly parameterSlopes: readonly Float64Array[];
  /** d x(0) / d V(0) and / d parameters for a gate tied to its steady state */
  initialVoltageSlope: number;
  readonly initialParameterSlopes: Float64Array;
  /** d residual:V / d gate, [M] */
  readonly residualSlope: Float64Array;
}

export class IntegratedHead implements Head {
  readonly rows: Head['rows'];
  readonly residual: Float64Array;
  private readonly layout: Layout;
  private readonly member: Member;
  private readonly points: number;
  private readonly perSample: number;
  private readonly stepMs: number;
  private readonly V: Float64Array;
  private readonly dV: Float64Array;
  /** V on the grid, then in the middle of each step, [2 M - 1] */
  private readonly nodes: Float64Array;
  private readonly gates: readonly GateState[];
  private readonly balance: ProgramRun;
  private readonly rates: ProgramRun;
  /** d residual:V / d V, / d d:V and / d inferred parameters, [M] */
  private readonly slopeV: Float64Array;
  private readonly slopeDV: Float64Array;
  private readonly slopeParameters: readonly Float64Array[];
  private readonly scales: Float64Array;
  /** Of `push`, which runs thousands of times a linearisation. */
  private readonly work: { readonly drive: Float64Array; readonly x: Float64Array };

  constructor(shape: Shape, layout: Layout, member: Member) {
    const { model, infer } = shape;
    const points = gridSize(shape);
    this.layout = layout;
    this.member = member;
    this.points = points;
    this.perSample = shape.perSample;
    this.stepMs = gridStepMs(shape, member);
    this.rows = { data: shape.samples, current: points, gates: 0 };
    this.residual = new Float64Array(shape.samples + points);
    this.V = new Float64Array(points);
    this.dV = new Float64Array(points);
    this.nodes = new Float64Array(2 * points - 1);
    const names = model.gates.map((gate) => gate.name);
    this.balance = new ProgramRun(model.currentResidual, ['V', ...names, 'd:V', ...infer], points, ['V', 'd:V', 'I', ...names]);
    this.rates = new ProgramRun(model.gateRates, ['V', ...infer], 2 * points - 1, ['V']);
    this.balance.vector('I').set(member.current);
    this.slopeV = new Float64Array(points);
    this.slopeDV = new Float64Array(points);
    this.slopeParameters = infer.map(() => new Float64Array(points));
    this.scales = new Float64Array(infer.length);
    this.work = { drive: new Float64Array(points - 1), x: new Float64Array(points) };
    this.gates = names.map((name) => ({
      name,
      free: layout.freeGates.indexOf(name),
      integration: new GateIntegration(points, this.stepMs),
      voltageSlopes: [new Float64Array(points - 1), new Float64Array(points - 1), new Float64Array(points - 1)],
      parameterSlopes: infer.map(() => new Float64Array(points - 1)),
      initialVoltageSlope: 0,
      initialParameterSlopes: new Float64Array(infer.length),
      residualSlope: new Float64Array(points),
    }));
  }

  evaluate(network: Network, theta: Float64Array): void {
    const { V, dV, nodes, points, stepMs } = this;
    for (let j = 0; j < points; j++) {
      V[j] = VOLTAGE_CENTRE + VOLTAGE_SCALE * network.out[j]!;
      dV[j] = VOLTAGE_SCALE * network.dOut[j]!;
    }
    nodes.set(V);
    for (let j = 0; j + 1 < points; j++) nodes[points + j] = (V[j]! + V[j + 1]!) / 2 + (stepMs * (dV[j]! - dV[j + 1]!)) / 8;
    const parameters = { ...this.member.fixed, ...inferredParameters(this.layout, theta) };
    for (const run of [this.balance, this.rates]) run.setScalars(parameters);
    this.rates.vector('V').set(nodes);
    this.rates.values();
    for (const gate of this.gates) {
      const initial =
        gate.free < 0 ? this.rates.output(`inf:${gate.name}`)[0]! : thetaToGate(theta[this.layout.freeGateOffset + gate.free]!);
      gate.integration.integrate(initial, this.rates.output(`inf:${gate.name}`), this.rates.output(`rate:${gate.name}`));
      this.balance.vector(gate.name).set(gate.integration.x);
    }
    this.balance.vector('V').set(V);
    this.balance.vector('d:V').set(dV);
    this.balance.values();
    this.fillResidual();
  }

  private fillResidual(): void {
    const { data } = this.rows;
    for (let i = 0; i < data; i++) this.residual[i] = this.V[i * this.perSample]! - this.member.voltageMv[i]!;
    this.residual.set(this.balance.output('residual:V'), data);
  }

  linearise(_network: Network, theta: Float64Array): void {
    this.layout.parameters.forEach((parameter, p) => {
      this.scales[p] = parameterSlope(parameter, theta[this.layout.parameterOffset + p]!);
    });
    this.balance.linearise();
    this.rates.linearise();
    this.slopeV.set(this.balance.partial('residual:V', 'V'));
    this.slopeDV.set(this.balance.partial('residual:V', 'd:V'));
    this.layout.parameters.forEach(({ name }, p) =>
      scaled(this.balance.partial('residual:V', name), this.scales[p]!, this.slopeParameters[p]!),
    );
    for (const gate of this.gates) this.lineariseGate(gate);
  }

  private lineariseGate(gate: GateState): void {
    const { name, integration } = gate;
    gate.residualSlope.set(this.balance.partial('residual:V', name));
    integration.linearise(this.rates.output(`inf:${name}`), this.rates.output(`rate:${name}`));
    const steady = gate.free < 0;
    const byVoltage = { inf: this.rates.partial(`inf:${name}`, 'V'), rate: this.rates.partial(`rate:${name}`, 'V') };
    gate.voltageSlopes.forEach((slope, node) => slope.set(this.throughNode(integration, node, byVoltage, 1)));
    gate.initialVoltageSlope = steady ? byVoltage.inf[0]! : 0;
    this.layout.parameters.forEach((parameter, p) => {
      const scale = this.scales[p]!;
      const by = { inf: this.rates.partial(`inf:${name}`, parameter.name), rate: this.rates.partial(`rate:${name}`, parameter.name) };
      const target = gate.parameterSlopes[p]!.fill(0);
      for (const node of [0, 1, 2]) this.throughNode(integration, node, by, scale).forEach((value, j) => (target[j]! += value));
      gate.initialParameterSlopes[p] = steady ? scale * by.inf[0]! : 0;
    });
  }

  /** d x[j+1] by way of one of the step's three nodes, per step, when inf and rate there change as `by` says (over all nodes). */
  private throughNode(
    integration: GateIntegration,
    node: number,
    by: { inf: Float64Array; rate: Float64Array },
    factor: number,
  ): Float64Array {
    const first = [0, this.points, 1][node]!;
    const infSlope = integration.infSlopes[node]!;
    const rateSlope = integration.rateSlopes[node]!;
    return infSlope.map((slope, j) => factor * (slope * by.inf[first + j]! + rateSlope[j]! * by.rate[first + j]!));
  }

  pullback(residualBar: Float64Array, outBar: Float64Array, dOutBar: Float64Array, gradient: Float64Array): void {
    const { points, stepMs } = this;
    const currentBar = residualBar.subarray(this.rows.data);
    for (let j = 0; j < points; j++) {
      outBar[j] = currentBar[j]! * this.slopeV[j]!;
      dOutBar[j] = currentBar[j]! * this.slopeDV[j]!;
    }
    for (let i = 0; i < this.rows.data; i++) outBar[i * this.perSample]! += residualBar[i]!;
    this.slopeParameters.forEach((slope, p) => {
      gradient[this.layout.parameterOffset + p]! += inner(currentBar, slope);
    });
    const xBar = new Float64Array(points);
    const driveBar = new Float64Array(points - 1);
    for (const gate of this.gates) {
      for (let j = 0; j < points; j++) xBar[j] = currentBar[j]! * gate.residualSlope[j]!;
      const initialBar = gate.integration.adjoint(xBar, driveBar);
      const [start, middle, end] = gate.voltageSlopes;
      for (let j = 0; j + 1 < points; j++) {
        const bar = driveBar[j]! * middle[j]!;
        outBar[j]! += driveBar[j]! * start[j]! + bar / 2;
        outBar[j + 1]! += driveBar[j]! * end[j]! + bar / 2;
        dOutBar[j]! += (stepMs / 8) * bar;
        dOutBar[j + 1]! -= (stepMs / 8) * bar;
      }
      outBar[0]! += initialBar * gate.initialVoltageSlope;
      gate.parameterSlopes.forEach((slope, p) => {
        gradient[this.layout.parameterOffset + p]! += inner(driveBar, slope) + initialBar * gate.initialParameterSlopes[p]!;
      });
      if (gate.free >= 0) gradient[this.layout.freeGateOffset + gate.free]! += initialBar * logisticSlope(gate.integration.x[0]!);
    }
    for (let j = 0; j < points; j++) {
      outBar[j]! *= VOLTAGE_SCALE;
      dOutBar[j]! *= VOLTAGE_SCALE;
    }
  }

  /** V on the grid, then d:V on the grid. */
  functionals(): Functionals {
    const { points } = this;
    const point = Int32Array.from({ length: 2 * points }, (_, row) => row % points);
    const bar = new Float64Array(2 * points).fill(VOLTAGE_SCALE, 0, points);
    const dBar = new Float64Array(2 * points).fill(VOLTAGE_SCALE, points);
    return { point, bar, dBar, firstTangent: points };
  }

  transform(gram: Float64Array): Float64Array {
    const q = 2 * this.points;
    const rows = this.residual.length;
    const half = new Float64Array(q * rows);
    for (let k = 0; k < q; k++) this.push(gram.subarray(k * q, k * q + q), half.subarray(k * rows, k * rows + rows));
    const column = new Float64Array(q);
    const result = new Float64Array(rows * rows);
    for (let r = 0; r < rows; r++) {
      for (let k = 0; k < q; k++) column[k] = half[k * rows + r]!;
      this.push(column, result.subarray(r * rows, r * rows + rows));
    }
    return result;
  }

  /** Response of the residuals [rows] to a perturbation (V on the grid, d:V on the grid) [2 M]. */
  private push(perturbation: Float64Array, response: Float64Array): void {
    const { points, stepMs } = this;
    const { data } = this.rows;
    const { drive, x } = this.work;
    for (let i = 0; i < data; i++) response[i] = perturbation[i * this.perSample]!;
    for (let j = 0; j < points; j++) response[data + j] = this.slopeV[j]! * perturbation[j]! + this.slopeDV[j]! * perturbation[points + j]!;
    for (const gate of this.gates) {
      const [start, middle, end] = gate.voltageSlopes;
      for (let j = 0; j + 1 < points; j++) {
        const V =
          (perturbation[j]! + perturbation[j + 1]!) / 2 + (stepMs * (perturbation[points + j]! - perturbation[points + j + 1]!)) / 8;
        drive[j] = start[j]! * perturbation[j]! + middle[j]! * V + end[j]! * perturbation[j + 1]!;
      }
      gate.integration.respond(gate.initialVoltageSlope * perturbation[0]!, drive, x);
      for (let j = 0; j < points; j++) response[data + j]! += gate.residualSlope[j]! * x[j]!;
    }
  }

  columns(): readonly Float64Array[] {
    const { data } = this.rows;
    const x = new Float64Array(this.points);
    const addGate = (column: Float64Array, gate: GateState, initial: number, drive: Float64Array): void => {
      gate.integration.respond(initial, drive, x);
      for (let j = 0; j < this.points; j++) column[data + j]! += gate.residualSlope[j]! * x[j]!;
    };
    const columns = this.slopeParameters.map((slope, p) => {
      const column = new Float64Array(this.residual.length);
      column.set(slope, data);
      for (const gate of this.gates) addGate(column, gate, gate.initialParameterSlopes[p]!, gate.parameterSlopes[p]!);
      return column;
    });
    const none = new Float64Array(this.points - 1);
    for (const gate of this.gates.filter((candidate) => candidate.free >= 0)) {
      const column = new Float64Array(this.residual.length);
      addGate(column, gate, logisticSlope(gate.integration.x[0]!), none);
      columns.push(column);
    }
    return columns;
  }

  states(): Readonly<Record<string, Float64Array>> {
    return { V: this.V.slice(), ...Object.fromEntries(this.gates.map((gate) => [gate.name, gate.integration.x.slice()])) };
  }
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function scaled(from: Float64Array, factor: number, to: Float64Array): void {
  for (let i = 0; i < to.length; i++) to[i] = factor * from[i]!;
}

function logisticSlope(x: number): number {
  return x * (1 - x);
}
