/** A small sound model file, and copies of it with one thing changed, for tests of what is refused. */

export const SOUND_MODEL = `name: test
source: made up for tests
current: uA/cm2
rest: -65
capacitance: C
parameters:
  gNa: { unit: mS/cm2, value: 120, positive: true, range: [1, 2000] }
  gL: { unit: mS/cm2, value: 0.3, range: [0, 10] }
  E: { unit: mV, value: -54, range: [-90, 60] }
  C: { unit: uF/cm2, value: 1, positive: true, range: [0.1, 10] }
constants:
  ENa: { unit: mV, value: 50 }
  k: { unit: mV, value: 18 }
functions:
  shifted: V + 65
  slow: 4 * exp(-shifted / k)
gates:
  m:
    alpha: 1 / exprel(-(V + 40) / 10)
    beta: slow
    initial: steady
  p: { infinity: 1 / (1 + exp(-(V + 35) / 10)), tau: 5 / cosh(shifted / 20) }
currents:
  INa: gNa * m^3 * (V - ENa)
  IL: gL * p * (V - E)
balance: I - INa - IL
`;

/** The sound model with one piece of its text replaced; the piece must be there. */
export function changed(from: string, to: string, text: string = SOUND_MODEL): string {
  if (!text.includes(from)) throw new Error(`the model has no ${JSON.stringify(from)}`);
  return text.replace(from, () => to);
}

/** The sound model with calcium that a current brings and takes away, and that closes the gate p. */
export const POOLS = changed(
  'currents:\n',
  `pools:
  Ca: { unit: uM, range: [0.01, 50], positive: true, derivative: -influx * ICa - (Ca - Ca0) / tauCa, initial: steady }
currents:
  ICa: gCa * m^2 * (V - ENa)
`,
  changed(
    'parameters:\n',
    `parameters:
  gCa: { unit: mS/cm2, value: 0.5, positive: true, range: [0.01, 10] }
  influx: { unit: uM cm2/(ms uA), value: 0.01, positive: true, range: [0.001, 0.1] }
  tauCa: { unit: ms, value: 20, positive: true, range: [1, 100] }
  Ca0: { unit: uM, value: 0.1, positive: true, range: [0.01, 1] }
`,
    changed(
      'p: { infinity: 1 / (1 + exp(-(V + 35) / 10)), tau: 5 / cosh(shifted / 20) }',
      'p: { infinity: 1 / (1 + Ca / 2), tau: 5 / cosh(shifted / 20) }',
      changed('balance: I - INa - IL', 'balance: I - INa - IL - ICa'),
    ),
  ),
);

/** With the line and column of each replaced by dots. */
