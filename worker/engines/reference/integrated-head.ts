/**
 * Residuals with `states: integrated`: the network gives V alone, every gate is integrated along it (integrated-gate.ts), so that the
 * gates obey their equations by construction; what remains is the current balance and the data.
 *
 * A perturbation of the network reaches residual:V[j] through V[j], d:V[j], and through every gate, which remembers V before j, and what it
 * reads of the gates before it (a pool that a current fills, a gate that calcium opens).
 * That map from (V, d:V) on the grid to the residuals is `push`; Gram matrices are carried through it column by column, so that no
 * Jacobian of the network's weights is ever stored.
 */
import type { Member, Shape } from '../engine.ts';
import { gridStepsMs, inferredParameters, parameterSlope, segmentStarts, VOLTAGE_CENTRE, VOLTAGE_SCALE, type Layout } from '../layout.ts';
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
  /** Gates that others read. */
  private readonly read: readonly string[];
  private readonly steady: ProgramRun;
  private readonly starts: Int32Array;

  constructor({ model, infer }: Shape, layout: Layout, member: Member) {
    const points = member.grid.length;
    const perPoint = (): Float64Array => new Float64Array(points);
    const names = model.gates.map((gate) => gate.name);
    const read = names.filter((name) => model.gates.some(({ reads }) => reads.includes(name)));
    this.layout = layout;
    this.member = member;
    this.points = points;
    this.stepsMs = gridStepsMs(member);
    this.rows = { data: member.sampleAt.length, current: points, gates: 0 };
    this.residual = new Float64Array(this.rows.data + points);
    this.V = perPoint();
    this.dV = perPoint();
    this.nodes = new Float64Array(2 * points - 1);
    const gates: IntegratedGate[] = [];
    for (const gate of model.gates) gates.push(new IntegratedGate(gate, layout, member, gates, read.includes(gate.name)));
    this.gates = gates;
    this.read = read;
    this.balance = new ProgramRun(model.currentResidual, ['V', ...names, 'd:V', ...infer], points, ['V', 'd:V', 'I', ...names]);
    this.rates = new ProgramRun(model.gateRates, ['V', ...read, ...infer], 2 * points - 1, ['V', ...read]);
    this.starts = segmentStarts(member);
    this.steady = new ProgramRun(model.steadyStates, ['V', ...infer], this.starts.length, ['V']);
    this.balance.vector('I').set(member.current);
    this.slopeV = perPoint();
    this.slopeDV = perPoint();
    this.slopeGates = names.map(perPoint);
    this.slopeParameters = infer.map(perPoint);
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
    for (const run of [this.balance, this.rates, this.steady]) run.setScalars(parameters);
    this.rates.vector('V').set(nodes);
    this.rates.values();
    this.starts.forEach((start, s) => (this.steady.vector('V')[s] = V[start]!));
    this.steady.values();
    for (const gate of this.gates) {
      const { name, reads } = gate.gate;
      // what it reads is known only now
      if (reads.length > 0) this.rates.values();
      gate.integrate(this.rates, this.steady, theta);
      this.balance.vector(name).set(gate.x);
      if (!this.read.includes(name)) continue;
      this.rates.vector(name).set(gate.x);
      this.rates.vector(name).set(gate.middle, points);
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
    this.steady.linearise();
    const partial = (wrt: string): Float64Array => this.balance.partial('residual:V', wrt);
    this.slopeV.set(partial('V'));
    this.slopeDV.set(partial('d:V'));
    parameters.forEach(({ name }, p) => this.slopeParameters[p]!.set(partial(name).map((value) => scales[p]! * value)));
    this.gates.forEach((gate, k) => {
      this.slopeGates[k]!.set(partial(gate.gate.name));
      gate.linearise(this.rates, this.steady, scales);
    });
  }

  pullback(residualBar: Float64Array, outBar: Float64Array, dOutBar: Float64Array, gradient: Float64Array): void {
    const { points } = this;
    const currentBar = residualBar.subarray(this.rows.data);
    const { parameterOffset } = this.layout;
    for (let j = 0; j < points; j++) {
      outBar[j] = currentBar[j]! * this.slopeV[j]!;
      dOutBar[j] = currentBar[j]! * this.slopeDV[j]!;
    }
    this.member.sampleAt.forEach((p, i) => (outBar[p]! += residualBar[i]!));
    this.slopeParameters.forEach((slope, p) => (gradient[parameterOffset + p]! += inner(currentBar, slope)));
    this.gates.forEach((gate, k) => {
      const slope = this.slopeGates[k]!;
      for (let j = 0; j < points; j++) gate.xBar[j] = currentBar[j]! * slope[j]!;
      gate.middleBar.fill(0);
    });
    // who reads comes before whom it reads
    const order = this.read.length === 0 ? this.gates : this.gates.toReversed();
    order.forEach((gate) => {
      gate.pullback(outBar, dOutBar, gradient, parameterOffset);
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
      gate.push(V, dV);
      this.addGate(k, current);
    });
  }

  /** Add to the response of residual:V what gate k does by its own response. */
  private addGate(k: number, current: Float64Array): void {
    const slope = this.slopeGates[k]!;
    const { dx } = this.gates[k]!;
    for (let j = 0; j < current.length; j++) current[j]! += slope[j]! * dx[j]!;
  }

  columns(): readonly Float64Array[] {
    const { segments } = this.layout;
    const parameters = this.slopeParameters.map((slope, p) => this.column(slope, this.gates, (gate) => gate.pushParameter(p)));
    const initial = Array.from({ length: segments }, (_, s) =>
      this.gates
        .filter(({ places }) => places.length > 0)
        .map((free) => this.column(null, this.movedBy(free), (gate) => (gate === free ? gate.pushInitial(s) : gate.pushReads()))),
    );
    return [...parameters, ...initial.flat()];
  }

  /** The gate, and those that read it, directly or by way of others. */
  private movedBy(gate: IntegratedGate): readonly IntegratedGate[] {
    const moved = new Set([gate.gate.name]);
    return this.gates.filter(({ gate: { name, reads } }) => {
      if (reads.some((other) => moved.has(other))) moved.add(name);
      return moved.has(name);
    });
  }

  /** What `direct` and the responses of some gates do to the residuals; the other gates rest. */
  private column(direct: Float64Array | null, gates: readonly IntegratedGate[], push: (gate: IntegratedGate) => void): Float64Array {
    const { data } = this.rows;
    const column = new Float64Array(this.residual.length);
    if (direct !== null) column.set(direct, data);
    for (const gate of this.read.length === 0 ? [] : this.gates) {
      gate.dx.fill(0);
      gate.dMiddle.fill(0);
    }
    for (const gate of gates) {
      push(gate);
      this.addGate(this.gates.indexOf(gate), column.subarray(data));
    }
    return column;
  }

  states(): Readonly<Record<string, Float64Array>> {
    return { V: this.V.slice(), ...Object.fromEntries(this.gates.map(({ gate, x }) => [gate.name, x.slice()])) };
  }
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
