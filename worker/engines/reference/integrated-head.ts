/**
 * Residuals with `states: integrated`: the network gives V alone, every gate is integrated along it (integrated-gate.ts), so that the
 * gates obey their equations by construction; what remains is the current balance and the data.
 *
 * A perturbation of the network reaches residual:V[j] through V[j], d:V[j], and through every gate, which remembers V before j.
 * That map from (V, d:V) on the grid to the residuals is `push`; Gram matrices are carried through it column by column, so that no
 * Jacobian of the network's weights is ever stored.
 */
import type { Member, Shape } from '../engine.ts';
import { gridStepsMs, inferredParameters, parameterSlope, VOLTAGE_CENTRE, VOLTAGE_SCALE, type Layout } from '../layout.ts';
import type { Functionals, Head } from './head.ts';
import { IntegratedGate } from './integrated-gate.ts';
import type { Network } from './network.ts';
import { ProgramRun } from './program-run.ts';

export class IntegratedHead implements Head {
  readonly rows: Head['rows'];
  readonly residual: Float64Array;
  private readonly layout: Layout;
  private readonly member: Member;
  private readonly points: number;
  private readonly stepsMs: Float64Array;
  private readonly V: Float64Array;
  private readonly dV: Float64Array;
  /** V on the grid, then in the middle of each step, [2 M - 1] */
  private readonly nodes: Float64Array;
  private readonly gates: readonly IntegratedGate[];
  private readonly balance: ProgramRun;
  private readonly rates: ProgramRun;
  /** d residual:V / d V, / d d:V, / d each gate and / d the theta of each inferred parameter, [M] */
  private readonly slopeV: Float64Array;
  private readonly slopeDV: Float64Array;
  private readonly slopeGates: readonly Float64Array[];
  private readonly slopeParameters: readonly Float64Array[];
  /** Of `push`, which runs thousands of times a linearisation. */
  private readonly x: Float64Array;

  constructor({ model, infer }: Shape, layout: Layout, member: Member) {
    const points = member.grid.length;
    const perPoint = (): Float64Array => new Float64Array(points);
    const names = model.gates.map((gate) => gate.name);
    this.layout = layout;
    this.member = member;
    this.points = points;
    this.stepsMs = gridStepsMs(member.grid);
    this.rows = { data: member.sampleAt.length, current: points, gates: 0 };
    this.residual = new Float64Array(this.rows.data + points);
    this.V = perPoint();
    this.dV = perPoint();
    this.nodes = new Float64Array(2 * points - 1);
    this.gates = names.map((name) => new IntegratedGate(name, layout, member.grid));
    this.balance = new ProgramRun(model.currentResidual, ['V', ...names, 'd:V', ...infer], points, ['V', 'd:V', 'I', ...names]);
    this.rates = new ProgramRun(model.gateRates, ['V', ...infer], 2 * points - 1, ['V']);
    this.balance.vector('I').set(member.current);
    this.slopeV = perPoint();
    this.slopeDV = perPoint();
    this.slopeGates = names.map(perPoint);
    this.slopeParameters = infer.map(perPoint);
    this.x = perPoint();
  }

  evaluate(network: Network, theta: Float64Array): void {
    const { V, dV, nodes, points, stepsMs, member } = this;
    for (let j = 0; j < points; j++) {
      V[j] = VOLTAGE_CENTRE + VOLTAGE_SCALE * network.out[j]! + member.drivenMv[j]!;
      dV[j] = VOLTAGE_SCALE * network.dOut[j]! + member.drivenRate[j]!;
    }
    nodes.set(V);
    for (let j = 0; j + 1 < points; j++) nodes[points + j] = (V[j]! + V[j + 1]!) / 2 + (stepsMs[j]! * (dV[j]! - dV[j + 1]!)) / 8;
    const parameters = { ...this.member.fixed, ...inferredParameters(this.layout, theta) };
    for (const run of [this.balance, this.rates]) run.setScalars(parameters);
    this.rates.vector('V').set(nodes);
    this.rates.values();
    for (const gate of this.gates) {
      gate.integrate(this.rates, theta);
      this.balance.vector(gate.name).set(gate.x);
    }
    this.balance.vector('V').set(V);
    this.balance.vector('d:V').set(dV);
    this.balance.values();
    this.fillResidual();
  }

  private fillResidual(): void {
    const { sampleAt, voltageMv } = this.member;
    sampleAt.forEach((p, i) => (this.residual[i] = this.V[p]! - voltageMv[i]!));
    this.residual.set(this.balance.output('residual:V'), this.rows.data);
  }

  linearise(_network: Network, theta: Float64Array): void {
    const { parameters, parameterOffset } = this.layout;
    const scales = Float64Array.from(parameters, (parameter, p) => parameterSlope(parameter, theta[parameterOffset + p]!));
    this.balance.linearise();
    this.rates.linearise();
    const partial = (wrt: string): Float64Array => this.balance.partial('residual:V', wrt);
    this.slopeV.set(partial('V'));
    this.slopeDV.set(partial('d:V'));
    parameters.forEach(({ name }, p) => this.slopeParameters[p]!.set(partial(name).map((value) => scales[p]! * value)));
    this.gates.forEach((gate, k) => {
      this.slopeGates[k]!.set(partial(gate.name));
      gate.linearise(this.rates, scales);
    });
  }

  pullback(residualBar: Float64Array, outBar: Float64Array, dOutBar: Float64Array, gradient: Float64Array): void {
    const { points } = this;
    const currentBar = residualBar.subarray(this.rows.data);
    const parametersBar = gradient.subarray(this.layout.parameterOffset);
    for (let j = 0; j < points; j++) {
      outBar[j] = currentBar[j]! * this.slopeV[j]!;
      dOutBar[j] = currentBar[j]! * this.slopeDV[j]!;
    }
    this.member.sampleAt.forEach((p, i) => (outBar[p]! += residualBar[i]!));
    this.slopeParameters.forEach((slope, p) => (parametersBar[p]! += inner(currentBar, slope)));
    this.gates.forEach((gate, k) => {
      const xBar = this.slopeGates[k]!.map((slope, j) => currentBar[j]! * slope);
      const initialBar = gate.pullback(xBar, outBar, dOutBar, parametersBar);
      if (gate.place >= 0) gradient[gate.place]! += initialBar * gate.initialSlope;
    });
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
    const { points, slopeV, slopeDV } = this;
    const V = perturbation.subarray(0, points);
    const dV = perturbation.subarray(points);
    const current = response.subarray(this.rows.data);
    this.member.sampleAt.forEach((p, i) => (response[i] = V[p]!));
    for (let j = 0; j < points; j++) current[j] = slopeV[j]! * V[j]! + slopeDV[j]! * dV[j]!;
    this.gates.forEach((gate, k) => {
      gate.push(V, dV, this.x);
      this.addGate(k, current);
    });
  }

  /** Add to the response of residual:V what gate k does when it answers with `this.x`. */
  private addGate(k: number, current: Float64Array): void {
    const slope = this.slopeGates[k]!;
    for (let j = 0; j < current.length; j++) current[j]! += slope[j]! * this.x[j]!;
  }

  columns(): readonly Float64Array[] {
    const { data } = this.rows;
    const columnOf = (
      direct: Float64Array | null,
      gates: readonly IntegratedGate[],
      push: (gate: IntegratedGate) => void,
    ): Float64Array => {
      const column = new Float64Array(this.residual.length);
      if (direct !== null) column.set(direct, data);
      for (const gate of gates) {
        push(gate);
        this.addGate(this.gates.indexOf(gate), column.subarray(data));
      }
      return column;
    };
    return [
      ...this.slopeParameters.map((slope, p) => columnOf(slope, this.gates, (gate) => gate.pushParameter(p, this.x))),
      ...this.gates.filter(({ place }) => place >= 0).map((free) => columnOf(null, [free], (gate) => gate.pushInitial(this.x))),
    ];
  }

  states(): Readonly<Record<string, Float64Array>> {
    return { V: this.V.slice(), ...Object.fromEntries(this.gates.map((gate) => [gate.name, gate.x.slice()])) };
  }
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
