/**
 * The baseline that needs no optimizer: smooth V, drive the gates along it, and solve the current balance for the conductances by
 * non-negative least squares. V is smoothed by a cubic over 5 samples (Savitzky and Golay 1964, table I); the balance is taken over each
 * sample interval, its slope being the difference of the raw samples, whose noise then biases nothing. Of the forms that were tried at
 * 1 mV (constant current, 12 draws) this has the smallest errors: bias -11 / -9 / -52 % of gNa / gK / gL; slopes by the same polynomial give -16 / -13 / -65,
 * polynomials over 7 to 17 samples -10 to -60 % of gNa.
 */
const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { createInterpreter } = await built('worker/models/interpret.js');

const SMOOTH = [-3, 12, 17, 12, -3].map((weight) => weight / 35);
const HALF = 2;

/** Values of `infer`, which the current balance must be linear in. */
export function regress(model, { voltageMv, current, sampleMs }, infer, fixed) {
  const samples = voltageMv.length;
  const V = smoothed(voltageMv);
  const gates = gatesAlong(model, V, sampleMs, fixed);
  const I = current;
  const atSamples = (values) => balance(model, { V, 'd:V': new Float64Array(samples), I, ...gates }, { ...fixed, ...values }, samples);
  // trapezoidal means over the intervals; what multiplies d:V is the same at every point
  const means = (values) => values.subarray(1).map((value, i) => (value + values[i]) / 2);
  const none = Object.fromEntries(infer.map((name) => [name, 0]));
  const rest = atSamples(none);
  const slopeOne = balance(model, { V, 'd:V': new Float64Array(samples).fill(1), I, ...gates }, { ...fixed, ...none }, samples);
  const slope = Float64Array.from({ length: samples - 1 }, (_, i) => (voltageMv[i + 1] - voltageMv[i]) / sampleMs);
  const columns = infer.map((name) => means(atSamples({ ...none, [name]: 1 }).map((value, i) => value - rest[i])));
  const target = means(rest).map((value, i) => -value - (slopeOne[0] - rest[0]) * slope[i]);
  const solution = nonNegative(columns, target);
  return Object.fromEntries(infer.map((name, p) => [name, solution[p]]));
}

/** The first and the last two samples stay as they are: gates that began later would begin away from rest. */
function smoothed(values) {
  const inside = (i) => i >= HALF && i < values.length - HALF;
  return values.map((value, i) => (inside(i) ? SMOOTH.reduce((sum, weight, k) => sum + weight * values[i + k - HALF], 0) : value));
}

function balance(model, states, parameters, points) {
  const program = model.currentResidual;
  const uniform = program.inputs.filter((name) => states[name] === undefined);
  const interpreter = createInterpreter(program, points, uniform);
  for (const name of program.inputs) interpreter.input(name).set(states[name] ?? [parameters[name]]);
  interpreter.run();
  return interpreter.output('residual:V').slice();
}

/** From the steady state at the first sample, each step with the mean of its ends' rates: exact for a rate that does not change. */
function gatesAlong(model, V, sampleMs, fixed) {
  const uniform = model.gateRates.inputs.filter((name) => name !== 'V');
  const interpreter = createInterpreter(model.gateRates, V.length, uniform);
  for (const name of model.gateRates.inputs) interpreter.input(name).set(name === 'V' ? V : [fixed[name]]);
  interpreter.run();
  return Object.fromEntries(
    model.gates.map(({ name }) => {
      const steady = interpreter.output(`inf:${name}`);
      const rate = interpreter.output(`rate:${name}`);
      const x = Float64Array.of(steady[0], ...new Float64Array(V.length - 1));
      for (let i = 1; i < V.length; i++) {
        const target = (steady[i - 1] + steady[i]) / 2;
        x[i] = target + (x[i - 1] - target) * Math.exp((-sampleMs * (rate[i - 1] + rate[i])) / 2);
      }
      return [name, x];
    }),
  );
}

/** Least squares with every unknown at or above 0: the best of all sets of unknowns held at 0, there being few. */
function nonNegative(columns, target) {
  const sets = Array.from({ length: 2 ** columns.length }, (_, mask) => columns.map((_column, p) => (mask >> p) % 2 === 1));
  const candidates = sets.map((free) => solved(columns, target, free)).filter((x) => x.every((value) => value >= 0));
  const misfit = (x) => target.reduce((sum, value, i) => sum + (value - x.reduce((part, g, p) => part + g * columns[p][i], 0)) ** 2, 0);
  return candidates.reduce((best, x) => (misfit(x) < misfit(best) ? x : best));
}

/** The unknowns that are free by the normal equations (Gauss-Jordan), the others 0. */
function solved(columns, target, free) {
  const among = columns.flatMap((_, p) => (free[p] ? [p] : []));
  const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const rows = among.map((p) => [...among.map((q) => dot(columns[p], columns[q])), dot(columns[p], target)]);
  rows.forEach((row, k) => {
    const pivot = row[k];
    row.forEach((value, j) => (row[j] = value / pivot));
    rows.forEach((other, r) => {
      if (r === k) return;
      const factor = other[k];
      other.forEach((value, j) => (other[j] = value - factor * row[j]));
    });
  });
  const x = columns.map(() => 0);
  among.forEach((p, k) => (x[p] = rows[k][among.length]));
  return x;
}
