/**
 * Loss and gradient of a group of replicas of one shape in float32: networks, head, projection. Everything that stays the same between
 * steps lies on the device from construction to `close`; an evaluation leaves no tensor behind.
 *
 * V is held as V + 40 mV = 40 mV * output until the model's programs need it, and the recording is shifted likewise in float64: their
 * difference keeps the digits of small misfits.
 */
import * as tf from '@tensorflow/tfjs-core';
import { linearParameters, linearParts } from '../../models/linear.ts';
import type { LossTerms, Member, Shape } from '../engine.ts';
import { gateSlope, gridSize, inferredParameters, layoutOf, parameterSlope, VOLTAGE_CENTRE, type Layout } from '../layout.ts';
import { DATA_SCALE_MV, huberLoss, noiseFactor, rowWeights } from '../loss.ts';
import { PriorRows } from '../reference/prior-rows.ts';
import { projectionPriors, projectOut } from '../reference/projection.ts';
import type { TensorPlan } from './backend.ts';
import type { Given, HeadAdjoints, Outputs, TensorHead, Tensors } from './tensor-head.ts';
import { full } from './tensor-head.ts';
import { TensorIntegratedHead } from './tensor-integrated-head.ts';
import { TensorNetwork, type NetworkPass } from './tensor-network.ts';
import { TensorNetworkHead } from './tensor-network-head.ts';
import { TensorProgram } from './tensor-program.ts';

/** Weights within a term, by point: data on the grid (0 between samples), current, and each gate's alike. */
interface PointWeights {
  readonly data: Float64Array;
  readonly current: Float64Array;
  readonly gates: Float64Array;
}

export class TensorObjective {
  readonly layout: Layout;
  private readonly shape: Shape;
  /** Their grids filled up to whole vectors. */
  private readonly members: readonly Member[];
  /** [R, M] */
  private readonly size: [number, number];
  private readonly plan: TensorPlan;
  private readonly weights: readonly PointWeights[];
  private readonly network: TensorNetwork;
  private readonly head: TensorHead;
  /** Of each replica. */
  private readonly priors: readonly PriorRows[];
  private readonly fixed: Tensors;
  /** V that the network itself is asked for, on the samples: less VOLTAGE_CENTRE and what the current drives. */
  private readonly target: tf.Tensor2D;
  /** What is added to the network's V, and to its d:V. */
  private readonly driven: tf.Tensor2D;
  private readonly drivenRate: tf.Tensor2D;
  private readonly dataFactor: tf.Tensor2D;
  /** Huber's limit of each replica, [R, 1]; null when no replica has one. */
  private readonly huber: tf.Tensor2D | null;
  private readonly linear: { readonly names: readonly string[]; readonly program: TensorProgram; readonly movesStates: boolean } | null;

  constructor(shape: Shape, given: readonly Member[], plan: TensorPlan) {
    const points = Math.ceil(gridSize(shape) / plan.vector) * plan.vector;
    const members = given.map((member) => filledUp(member, points));
    this.shape = shape;
    this.members = members;
    this.plan = plan;
    this.layout = layoutOf(shape);
    this.size = [members.length, points];
    this.weights = members.map((member) => pointWeights(shape, member));
    this.network = new TensorNetwork(shape, this.layout, members, plan);
    this.priors = members.map((member) => new PriorRows(this.layout, member));
    this.head = shape.states === 'network' ? new TensorNetworkHead(shape) : new TensorIntegratedHead(shape, this.layout, members, plan);
    this.target = this.upload((member) => onGrid(member, member.voltageMv, (V, p) => V - VOLTAGE_CENTRE - member.drivenMv[p]!));
    this.driven = this.upload((member) => member.drivenMv.map((V) => V + VOLTAGE_CENTRE));
    this.drivenRate = this.upload((member) => member.drivenRate);
    this.dataFactor = this.upload((member, r) => this.weights[r]!.data.map((weight) => 2 * member.weights.data * weight));
    this.huber = members.every(({ huberMv }) => huberMv === Infinity) ? null : tf.tensor2d(members.map(({ huberMv }) => [huberMv]));
    this.fixed = {
      I: this.upload((member) => member.current),
      'factor:current': this.upload((member, r) => this.weights[r]!.current.map((weight) => 2 * member.weights.current * weight)),
      'factor:gates': this.upload((member, r) => this.weights[r]!.gates.map((weight) => 2 * member.weights.gates * weight)),
      ...Object.fromEntries(
        Object.keys(members[0]!.fixed).map((name) => [name, tf.tidy(() => this.perReplica(members.map((member) => member.fixed[name]!)))]),
      ),
    };
    this.linear = this.createProjection();
  }

  private upload(row: (member: Member, r: number) => Float64Array): tf.Tensor2D {
    const values = new Float32Array(this.size[0] * this.size[1]);
    this.members.forEach((member, r) => values.set(row(member, r), r * this.size[1]));
    return tf.tensor2d(values, this.size);
  }

  /** [R, 1], or as full as the points: a backend whose vectors round in their own way has no other place for a number that functions are taken of. */
  private perReplica(values: readonly number[]): tf.Tensor2D {
    const column = tf.tensor2d(Float32Array.from(values), [values.length, 1]);
    return this.plan.vector === 1 ? column : tf.tile(column, [1, this.size[1]]);
  }

  private createProjection(): TensorObjective['linear'] {
    const { model, infer } = this.shape;
    const names = linearParameters(model.currentResidual, 'residual:V', infer);
    if (names.length === 0) return null;
    const movesStates = this.shape.states === 'integrated' && names.some((name) => model.gateRates.inputs.includes(name));
    return { names, movesStates, program: new TensorProgram(linearParts(model.currentResidual, 'residual:V', names)) };
  }

  /** Gradients at the thetas, overwritten; `physics`: the factor on each replica's physics terms. With `project`, linear parameters are solved for first and written into the thetas; their gradient is 0. */
  gradient(thetas: readonly Float64Array[], physics: readonly number[], project: boolean, gradients: readonly Float64Array[]): void {
    tf.tidy(() => {
      // without physics nothing depends on dV/dt, the gates or the parameters
      if (physics.every((factor) => factor === 0)) this.dataGradient(thetas, gradients);
      else this.fullGradient(thetas, physics, project, gradients);
    });
    const solved = project ? (this.linear?.names ?? []) : [];
    thetas.forEach((theta, r) => this.addPriors(theta, r, solved, gradients[r]!));
  }

  /** Parameters that were solved for keep a gradient of 0. */
  private addPriors(theta: Float64Array, r: number, solved: readonly string[], gradient: Float64Array): void {
    const { parameters, parameterOffset } = this.layout;
    const priors = this.priors[r]!;
    priors.evaluate(theta);
    priors.addGradient(this.members[r]!.weights.data, gradient);
    parameters.forEach(({ name }, p) => {
      if (solved.includes(name)) gradient[parameterOffset + p] = 0;
    });
  }

  /** As LossTerms has it. */
  private priorTerm(theta: Float64Array, r: number): { readonly prior?: number } {
    this.priors[r]!.evaluate(theta);
    return this.priors[r]!.term();
  }

  private dataGradient(thetas: readonly Float64Array[], gradients: readonly Float64Array[]): void {
    const pass = this.network.forward(thetas, false);
    const bar = this.dataBar(this.row(pass.out, 0));
    const rest = pass.out.shape[0] - 1;
    const top: tf.Tensor3D = tf.reshape(bar, [1, ...this.size]);
    for (const gradient of gradients) gradient.fill(0);
    this.network.backward(pass.tapes, rest === 0 ? top : tf.concat([top, tf.zeros<tf.Rank.R3>([rest, ...this.size])], 0), null, gradients);
  }

  private fullGradient(
    thetas: readonly Float64Array[],
    physics: readonly number[],
    project: boolean,
    gradients: readonly Float64Array[],
  ): void {
    const { pass, adjoints } = this.run(thetas, physics, project);
    this.network.backward(pass.tapes, adjoints.outBar, adjoints.dOutBar, gradients);
    const { parameters, parameterOffset, freeGateOffset } = this.layout;
    gradients.forEach((gradient, r) => {
      parameters.forEach((parameter, p) => {
        const solved = project && this.linear?.names.includes(parameter.name) === true;
        gradient[parameterOffset + p] = solved
          ? 0
          : adjoints.parameters[r]![p]! * parameterSlope(parameter, thetas[r]![parameterOffset + p]!);
      });
      adjoints.initialGates[r]?.forEach((bar, k) => {
        gradient[freeGateOffset + k] = bar * gateSlope(thetas[r]![freeGateOffset + k]!);
      });
    });
  }

  /** Unweighted terms of the loss at the thetas, and the data term's factor for estimated noise, summed in float64. */
  terms(thetas: readonly Float64Array[]): { readonly terms: LossTerms; readonly noiseFactor: number }[] {
    return tf.tidy(() => {
      const { pass, adjoints } = this.run(
        thetas,
        thetas.map(() => 1),
        false,
      );
      const data = tf.sub(this.row(pass.out, 0), this.target).dataSync();
      const current = full(adjoints.residuals.current, this.size).dataSync();
      const gates = adjoints.residuals.gates.map((residual) => full(residual, this.size).dataSync());
      return this.weights.map((weights, r) => ({
        terms: {
          data: this.mean(data, r, weights.data, this.members[r]!.huberMv),
          current: this.mean(current, r, weights.current),
          gates: gates.reduce((sum, residual) => sum + this.mean(residual, r, weights.gates), 0),
          ...this.priorTerm(thetas[r]!, r),
        },
        noiseFactor: this.noiseFactor(data, r),
      }));
    });
  }

  private noiseFactor(misfit: ArrayLike<number>, r: number): number {
    return noiseFactor(this.members[r]!, DATA_SCALE_MV ** 2 * this.mean(misfit, r, this.weights[r]!.data));
  }

  private mean(residual: ArrayLike<number>, r: number, weights: Float64Array, limit = Infinity): number {
    let sum = 0;
    for (let j = 0; j < weights.length; j++) if (weights[j]! > 0) sum += weights[j]! * huberLoss(residual[r * weights.length + j]!, limit);
    return sum;
  }

  private run(
    thetas: readonly Float64Array[],
    physics: readonly number[],
    project: boolean,
  ): { pass: NetworkPass; adjoints: HeadAdjoints } {
    const pass = this.network.forward(thetas, true);
    const outputs = this.outputs(pass);
    let given = this.given(thetas, physics);
    let states = this.head.states(outputs, given);
    if (project && this.linear !== null) {
      this.project(this.linear, states, given, thetas, physics);
      given = this.given(thetas, physics);
      if (this.linear.movesStates) states = this.head.states(outputs, given);
    }
    return { pass, adjoints: this.head.adjoints(states, given, this.dataBar(this.row(pass.out, 0))) };
  }

  private outputs({ out, dOut }: NetworkPass): Outputs {
    if (dOut === null) throw new Error('internal: physics without time derivatives');
    const gates = (tensor: tf.Tensor3D): tf.Tensor3D => tf.slice(tensor, [1, 0, 0], [tensor.shape[0] - 1, ...this.size]);
    return {
      V: tf.add(this.row(out, 0), this.driven),
      dV: tf.add(this.row(dOut, 0), this.drivenRate),
      gates: gates(out),
      dGates: gates(dOut),
    };
  }

  private row(tensor: tf.Tensor3D, k: number): tf.Tensor2D {
    return tf.reshape(tf.slice(tensor, [k, 0, 0], [1, ...this.size]), this.size);
  }

  private dataBar(shifted: tf.Tensor2D): tf.Tensor2D {
    const misfit: tf.Tensor2D = tf.sub(shifted, this.target);
    const bar: tf.Tensor2D = tf.mul(this.bounded(misfit), this.dataFactor);
    if (this.members.every(({ noise }) => noise === 'known')) return bar;
    const values = misfit.dataSync();
    return tf.mul(bar, tf.tensor2d(this.members.map((_, r) => [this.noiseFactor(values, r)])));
  }

  /** Within Huber's limits: half of rho's slope. */
  private bounded(misfit: tf.Tensor2D): tf.Tensor2D {
    return this.huber === null ? misfit : tf.maximum(tf.minimum(misfit, this.huber), tf.neg(this.huber));
  }

  private given(thetas: readonly Float64Array[], physics: readonly number[]): Given {
    const values = thetas.map((theta, r) => ({ ...this.members[r]!.fixed, ...inferredParameters(this.layout, theta) }));
    const inferred = this.shape.infer.map((name) => [name, this.perReplica(values.map((value) => value[name]!))] as const);
    const ramp = tf.tensor2d(physics.map((factor) => [factor]));
    const factors = ['factor:current', 'factor:gates'].map((name) => [name, tf.mul(this.fixed[name]!, ramp)] as const);
    return { thetas, tensors: { ...this.fixed, ...Object.fromEntries([...inferred, ...factors]) } };
  }

  /** Least squares in float64 on what the programs gave in float32. */
  private project(
    { names, program }: NonNullable<TensorObjective['linear']>,
    states: Tensors,
    given: Given,
    thetas: readonly Float64Array[],
    physics: readonly number[],
  ): void {
    const parts = program.run({ ...states, ...given.tensors });
    const columns = ['constant', ...names.map((name) => `slope:${name}`)].map((name) =>
      Float64Array.from(full(parts[name]!, this.size).dataSync()),
    );
    const points = this.size[1];
    thetas.forEach((theta, r) => {
      const [constant, ...slopes] = columns.map((column) => column.subarray(r * points, (r + 1) * points));
      const member = this.members[r]!;
      const beside = { ...projectionPriors(member), physics: physics[r]! * member.weights.current };
      projectOut(this.layout, names, slopes, constant!, this.weights[r]!.current, theta, beside);
    });
  }

  close(): void {
    this.network.close();
    this.head.close();
    this.linear?.program.close();
    this.huber?.dispose();
    for (const tensor of [this.target, this.driven, this.drivenRate, this.dataFactor, ...Object.values(this.fixed)]) tensor.dispose();
  }
}

/** The last point again, until there are so many. What is not on the grid stays as it is, and `sampleAt` and `segments` point where they did. */
function filledUp(member: Member, points: number): Member {
  const { grid, current, drivenMv, drivenRate } = member;
  const fill = (values: Float64Array): Float64Array =>
    values.length === points ? values : Float64Array.from({ length: points }, (_, p) => values[Math.min(p, values.length - 1)]!);
  return { ...member, grid: fill(grid), current: fill(current), drivenMv: fill(drivenMv), drivenRate: fill(drivenRate) };
}

/** Values per sample on the collocation grid; between samples they are 0 and carry no weight. */
function onGrid({ grid, sampleAt }: Member, samples: Float64Array, of: (value: number, point: number) => number): Float64Array {
  const values = new Float64Array(grid.length);
  samples.forEach((value, i) => (values[sampleAt[i]!] = of(value, sampleAt[i]!)));
  return values;
}

/** 0 on points that fill the grid up. */
function pointWeights(shape: Shape, member: Member): PointWeights {
  const points = gridSize(shape);
  const all = rowWeights(shape, member, { data: shape.samples, current: points, gates: points });
  const filled = (weights: Float64Array): Float64Array => {
    const onFilled = new Float64Array(member.grid.length);
    onFilled.set(weights);
    return onFilled;
  };
  return {
    data: onGrid(member, all.subarray(0, shape.samples), (weight) => weight),
    current: filled(all.subarray(shape.samples, shape.samples + points)),
    gates: filled(all.subarray(shape.samples + points)),
  };
}
