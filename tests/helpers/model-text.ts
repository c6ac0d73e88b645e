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
