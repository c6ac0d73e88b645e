/**
 * Could a GPU do Levenberg-Marquardt in float32? Takes one whole replica (replica-spec.mjs) through its schedule in float64. At the end of each
 * weight of the ramp it asks of the damped system there: its condition, the smallest damping with which a Cholesky factorisation in float32
 * exists, as it stands and with rows and columns scaled to a unit diagonal, how near refinement with float64 residuals then comes, and what
 * rounding the matrix itself to float32 costs, solved exactly: npm run study:float32
 */
import { tasksOf } from '../bench/network-step.mjs';
import { tableOf } from '../bench/rates.mjs';
import { replicaSpec } from '../bench/replica-spec.mjs';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { createNativeEngine } = await built('worker/engines/fused/fused-engine.js');
const { Objective } = await built('worker/engines/reference/objective.js');
const { cholesky, solveFactored } = await built('worker/engines/reference/dense.js');
const { memberOf, shapeOf } = await built('worker/train/member.js');
const { observe } = await built('worker/train/observe.js');

/** As the driver steps them (levenberg-marquardt.ts); of one replica it takes 4e-4 to 8e-2 (second_order.hpp). */
const DAMPINGS = Array.from({ length: 12 }, (_, k) => 64 / 4 ** k);
/** At which all else is asked. */
const USUAL = DAMPINGS[8];
const REFINEMENTS = 6;
const NONE = 'none';
/** Of reference/second-order.ts: s^2. */
const PARAMETER_FREEDOM = 100;
const f = Math.fround;
const text = (value) => value.toExponential(1);

const { tasks, model } = await tasksOf(replicaSpec(1));
const [task] = tasks;
const shape = shapeOf(task, model);
const member = memberOf(task, shape, observe({ data: task.data, draw: task.draw, model, objects: {} }));
const engine = await createNativeEngine();
const cohort = await engine.open(shape, [member]);
const control = { shouldStop: () => false, progress: () => undefined };
const rows = [];
await cohort.adam(task.training[0], control);
await study('after Adam', 1);
for (const stage of task.training.slice(1)) {
  for (const physics of [stage.physics].flat()) {
    await cohort.levenbergMarquardt({ ...stage, physics: [physics] }, control);
    await study(`x ${physics}`, physics);
  }
}
await cohort.close();
await engine.close();
console.log(
  tableOf(
    [
      'physics',
      `condition, damping ${USUAL}`,
      'rounded to float32',
      'float32 factor from damping',
      'refined there',
      'scaled: factor from',
      'refined there',
    ],
    rows,
  ),
);

async function study(name, physics) {
  const { theta } = await cohort.save(0);
  const { n, K, b } = systemOf(theta, physics);
  const exact = solve64(damped(K, n, USUAL), n, b);
  const rounded = solve64(damped(K.map(f), n, USUAL), n, b);
  rows.push([
    name,
    text(largest(K, n) / USUAL),
    rounded === null ? 'not positive definite' : text(distance(rounded, exact)),
    ...smallestDamping((damping) => refined(damped(K, n, damping), n, b)),
    ...smallestDamping((damping) => {
      const A = damped(K, n, damping);
      const d = Float64Array.from({ length: n }, (_, i) => 1 / Math.sqrt(A[i * n + i]));
      return refined(
        A.map((value, k) => value * d[Math.floor(k / n)] * d[k % n]),
        n,
        b.map((value, i) => value * d[i]),
      );
    }),
  ]);
  console.log(rows.at(-1).join(' | '));
}

/** The last damping, from the largest down, with which there is an answer, and that answer. */
function smallestDamping(answerOf) {
  let last = [NONE, ''];
  for (const damping of DAMPINGS) {
    const answer = answerOf(damping);
    if (answer === null) break;
    last = [text(damping), answer];
  }
  return last;
}

/** K and R r of reference/second-order.ts. */
function systemOf(theta, physics) {
  const objective = new Objective(shape, member);
  objective.evaluate(theta);
  objective.linearise(theta);
  const scale = objective.rowScales(physics);
  const K = objective.gram(theta);
  const n = scale.length;
  const columns = objective.head.columns();
  for (let r = 0; r < n; r++)
    for (let s = 0; s <= r; s++) {
      const beyond = columns.reduce((sum, column) => sum + PARAMETER_FREEDOM * column[r] * column[s], 0);
      K[r * n + s] = (K[r * n + s] + beyond) * scale[r] * scale[s];
    }
  return { n, K, b: objective.head.residual.map((value, r) => scale[r] * value) };
}

function damped(K, n, damping) {
  const A = K.slice();
  for (let i = 0; i < n; i++) A[i * n + i] += damping;
  return A;
}

function solve64(A, n, b) {
  const factor = A.slice();
  if (!cholesky(factor, n)) return null;
  const x = b.slice();
  solveFactored(factor, n, x);
  return x;
}

/** Relative error of a float32 solution after its refinements; null where there is no factor. */
function refined(A, n, b) {
  const L = cholesky32(A, n);
  if (L === null) return null;
  const exact = solve64(A, n, b);
  let x = solve32(L, n, b);
  for (let k = 0; k < REFINEMENTS; k++) {
    const product = times(A, n, x);
    const step = solve32(
      L,
      n,
      b.map((value, i) => value - product[i]),
    );
    x = x.map((value, i) => value + step[i]);
  }
  return text(distance(x, exact));
}

function cholesky32(A64, n) {
  const A = Float32Array.from(A64);
  for (let j = 0; j < n; j++) {
    let pivot = A[j * n + j];
    for (let k = 0; k < j; k++) pivot = f(pivot - f(A[j * n + k] * A[j * n + k]));
    if (!(pivot > 0)) return null;
    const root = f(Math.sqrt(pivot));
    A[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let value = A[i * n + j];
      for (let k = 0; k < j; k++) value = f(value - f(A[i * n + k] * A[j * n + k]));
      A[i * n + j] = f(value / root);
    }
  }
  return A;
}

function solve32(L, n, b) {
  const x = Float32Array.from(b);
  for (let i = 0; i < n; i++) {
    let value = x[i];
    for (let k = 0; k < i; k++) value = f(value - f(L[i * n + k] * x[k]));
    x[i] = f(value / L[i * n + i]);
  }
  for (let i = n - 1; i >= 0; i--) {
    x[i] = f(x[i] / L[i * n + i]);
    for (let k = 0; k < i; k++) x[k] = f(x[k] - f(L[i * n + k] * x[i]));
  }
  return Float64Array.from(x);
}

/** The symmetric matrix whose lower triangle is in K, times x. */
function times(K, n, x) {
  const y = new Float64Array(n);
  for (let r = 0; r < n; r++) {
    for (let c = 0; c < r; c++) {
      y[r] += K[r * n + c] * x[c];
      y[c] += K[r * n + c] * x[r];
    }
    y[r] += K[r * n + r] * x[r];
  }
  return y;
}

/** Largest eigenvalue, by the power method. */
function largest(K, n) {
  let x = new Float64Array(n).fill(1);
  let norm = 0;
  for (let k = 0; k < 40; k++) {
    const y = times(K, n, x);
    norm = Math.hypot(...y);
    x = y.map((value) => value / norm);
  }
  return norm;
}

function distance(a, exact) {
  return Math.hypot(...a.map((value, i) => value - exact[i])) / Math.hypot(...exact);
}
