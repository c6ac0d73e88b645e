/**
 * Residuals with `states: network`: one network gives V and every gate, and each state's equation is a residual of its own
 * (Raissi, Perdikaris, Karniadakis 2019). V = centre + scale * o0; a gate is x = (1 + tanh o) / 2, so that it stays within 0 and 1, and a pool
 * lies at that share of its range (gate-range.ts).
 *
 * Every residual looks at the network at one point only: the functionals are the residuals themselves, and no transform is needed.
 */
import type { Gate } from '../../models/model.ts';
import type { Member, Shape } from '../engine.ts';
import { curvatureByShare, slopeByShare, valueAtShare } from '../gate-range.ts';
import { inferredParameters, parameterSlope, VOLTAGE_CENTRE, VOLTAGE_SCALE, type Layout } from '../layout.ts';
import type { Functionals, Head } from './head.ts';
import type { Network } from './network.ts';
import { ProgramRun } from './program-run.ts';

export class NetworkHead implements Head {
  readonly rows: Head['rows'];
  readonly residual: Float64Array;
  private readonly layout: Layout;
  private readonly member: Member;
  private readonly points: number;
  private readonly outputs: number;
  private readonly gates: readonly Gate[];
  private readonly names: readonly string[];
  private readonly balance: ProgramRun;
  private readonly kinetics: ProgramRun;
  /** States and their time derivatives by output, [outputs][M] */
  private readonly state: readonly Float64Array[];
  private readonly rate: readonly Float64Array[];
  /** d state / d output, and d (d state / dt) / d output at fixed d output / dt, [outputs][M] */
  private readonly slope: readonly Float64Array[];
  private readonly rateSlope: readonly Float64Array[];
  private bar: Float64Array;
  private dBar: Float64Array;
  private readonly parameterColumns: readonly Float64Array[];

  constructor({ model, infer }: Shape, layout: Layout, member: Member) {
    const points = member.grid.length;
    const samples = member.sampleAt.length;
    this.layout = layout;
    this.member = member;
    this.points = points;
    this.gates = model.gates;
    this.names = model.gates.map((gate) => gate.name);
    this.outputs = 1 + this.names.length;
    this.rows = { data: samples, current: points, gates: points * this.names.length };
    this.residual = new Float64Array(samples + points * this.outputs);
    const derivatives = this.names.map((name) => `d:${name}`);
    this.balance = new ProgramRun(model.currentResidual, ['V', ...this.names, 'd:V', ...infer], points, ['V', 'd:V', 'I', ...this.names]);
    this.kinetics = new ProgramRun(model.gateResiduals, ['V', ...this.names, ...derivatives, ...infer], points, [
      'V',
      ...this.names,
      ...derivatives,
    ]);
    this.balance.vector('I').set(member.current);
    const perOutput = (): Float64Array[] => Array.from({ length: this.outputs }, () => new Float64Array(points));
    this.state = perOutput();
    this.rate = perOutput();
    this.slope = perOutput();
    this.rateSlope = perOutput();
    this.bar = new Float64Array(this.residual.length * this.outputs);
    this.dBar = new Float64Array(this.residual.length * this.outputs);
    this.parameterColumns = infer.map(() => new Float64Array(this.residual.length));
  }

  evaluate(network: Network, theta: Float64Array): void {
    for (let p = 0; p < this.points; p++) this.readPoint(network, p);
    const parameters = { ...this.member.fixed, ...inferredParameters(this.layout, theta) };
    for (const run of [this.balance, this.kinetics]) {
      run.setScalars(parameters);
      run.vector('V').set(this.state[0]!);
      this.names.forEach((name, k) => run.vector(name).set(this.state[k + 1]!));
    }
    this.balance.vector('d:V').set(this.rate[0]!);
    this.names.forEach((name, k) => this.kinetics.vector(`d:${name}`).set(this.rate[k + 1]!));
    this.balance.values();
    this.kinetics.values();
    this.fillResidual();
  }

  private readPoint(network: Network, p: number): void {
    const at = p * this.outputs;
    this.state[0]![p] = VOLTAGE_CENTRE + VOLTAGE_SCALE * network.out[at]! + this.member.drivenMv[p]!;
    this.rate[0]![p] = VOLTAGE_SCALE * network.dOut[at]! + this.member.drivenRate[p]!;
    this.slope[0]![p] = VOLTAGE_SCALE;
    for (let k = 1; k < this.outputs; k++) {
      const gate = this.gates[k - 1]!;
      const share = (1 + Math.tanh(network.out[at + k]!)) / 2;
      const shareSlope = 2 * share * (1 - share);
      const x = valueAtShare(gate, share);
      const byShare = slopeByShare(gate, x);
      const curvature = byShare * (2 * (1 - 2 * share) * shareSlope) + curvatureByShare(gate, x) * shareSlope ** 2;
      this.state[k]![p] = x;
      this.rate[k]![p] = byShare * shareSlope * network.dOut[at + k]!;
      this.slope[k]![p] = byShare * shareSlope;
      this.rateSlope[k]![p] = curvature * network.dOut[at + k]!;
    }
  }

  private fillResidual(): void {
    const { data } = this.rows;
    const { sampleAt, voltageMv } = this.member;
    sampleAt.forEach((p, i) => (this.residual[i] = this.state[0]![p]! - voltageMv[i]!));
    this.residual.set(this.balance.output('residual:V'), data);
    this.names.forEach((name, k) => this.residual.set(this.kinetics.output(`residual:${name}`), data + this.points * (k + 1)));
  }

  linearise(_network: Network, theta: Float64Array): void {
    this.balance.linearise();
    this.kinetics.linearise();
    this.bar.fill(0);
    this.dBar.fill(0);
    for (let i = 0; i < this.rows.data; i++) this.bar[i * this.outputs] = VOLTAGE_SCALE;
    const scales = this.layout.parameters.map((parameter, p) => parameterSlope(parameter, theta[this.layout.parameterOffset + p]!));
    this.lineariseRows(this.balance, 'V', this.rows.data, scales);
    this.names.forEach((name, k) => this.lineariseRows(this.kinetics, name, this.rows.data + this.points * (k + 1), scales));
  }

  /** Rows of residual:<name>, which start at row `first`. */
  private lineariseRows(run: ProgramRun, name: string, first: number, scales: readonly number[]): void {
    const output = `residual:${name}`;
    ['V', ...this.names].forEach((state, k) => {
      const byState = run.partial(output, state);
      const byRate = run.has(`d:${state}`) ? run.partial(output, `d:${state}`) : undefined;
      for (let p = 0; p < this.points; p++) {
        const at = (first + p) * this.outputs + k;
        const rate = byRate === undefined ? 0 : byRate[p]!;
        this.bar[at] = byState[p]! * this.slope[k]![p]! + rate * this.rateSlope[k]![p]!;
        this.dBar[at] = rate * this.slope[k]![p]!;
      }
    });
    this.layout.parameters.forEach((parameter, q) => {
      const partial = run.partial(output, parameter.name);
      for (let p = 0; p < this.points; p++) this.parameterColumns[q]![first + p] = scales[q]! * partial[p]!;
    });
  }

  pullback(residualBar: Float64Array, outBar: Float64Array, dOutBar: Float64Array, gradient: Float64Array): void {
    outBar.fill(0);
    dOutBar.fill(0);
    for (let row = 0; row < residualBar.length; row++) {
      const to = this.pointOf(row) * this.outputs;
      const from = row * this.outputs;
      for (let k = 0; k < this.outputs; k++) {
        outBar[to + k]! += residualBar[row]! * this.bar[from + k]!;
        dOutBar[to + k]! += residualBar[row]! * this.dBar[from + k]!;
      }
    }
    this.parameterColumns.forEach((column, p) => {
      let sum = 0;
      for (let row = 0; row < residualBar.length; row++) sum += residualBar[row]! * column[row]!;
      gradient[this.layout.parameterOffset + p]! += sum;
    });
  }

  private pointOf(row: number): number {
    return row < this.rows.data ? this.member.sampleAt[row]! : (row - this.rows.data) % this.points;
  }

  functionals(): Functionals {
    return {
      point: Int32Array.from(this.residual, (_, row) => this.pointOf(row)),
      bar: this.bar.slice(),
      dBar: this.dBar.slice(),
      firstTangent: this.rows.data,
    };
  }

  transform(gram: Float64Array): Float64Array {
    return gram;
  }

  columns(): readonly Float64Array[] {
    return this.parameterColumns;
  }

  states(): Readonly<Record<string, Float64Array>> {
    return { V: this.state[0]!.slice(), ...Object.fromEntries(this.names.map((name, k) => [name, this.state[k + 1]!.slice()])) };
  }
}
