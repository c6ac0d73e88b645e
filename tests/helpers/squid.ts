/** A Hodgkin-Huxley squid axon for fixtures: Runge-Kutta of fourth order at 0.02 ms, constants of 1952 with rest at -65 mV. No oracle: the worker has its own. */

export interface Conductances {
  readonly gNa: number;
  readonly gK: number;
  readonly gL: number;
}

type State = readonly [V: number, m: number, h: number, n: number];

/** V (mV) and gates every `sampleMs` under a constant current (uA/cm2) that starts at 2 ms. */
export function simulateSquid(
  g: Conductances,
  amplitude: number,
  samples: number,
  sampleMs: number,
): Record<'V' | 'm' | 'h' | 'n', number[]> {
  const out: Record<'V' | 'm' | 'h' | 'n', number[]> = { V: [], m: [], h: [], n: [] };
  const perSample = Math.round(sampleMs / 0.02);
  const dt = sampleMs / perSample;
  let state: State = [-65, 0.0529, 0.5961, 0.3177];
  for (let i = 0; i < samples; i++) {
    for (const [k, name] of (['V', 'm', 'h', 'n'] as const).entries()) out[name].push(state[k]!);
    for (let j = 0; j < perSample; j++) state = step(state, g, i * sampleMs + j * dt >= 2 ? amplitude : 0, dt);
  }
  return out;
}

function step(y: State, g: Conductances, current: number, dt: number): State {
  const k1 = slope(y, g, current);
  const k2 = slope(along(y, k1, dt / 2), g, current);
  const k3 = slope(along(y, k2, dt / 2), g, current);
  const k4 = slope(along(y, k3, dt), g, current);
  const mean = [0, 1, 2, 3].map((i) => (k1[i]! + 2 * k2[i]! + 2 * k3[i]! + k4[i]!) / 6);
  return along(y, [mean[0]!, mean[1]!, mean[2]!, mean[3]!], dt);
}

function along(y: State, k: State, dt: number): State {
  return [y[0] + dt * k[0], y[1] + dt * k[1], y[2] + dt * k[2], y[3] + dt * k[3]];
}

function slope([V, m, h, n]: State, { gNa, gK, gL }: Conductances, current: number): State {
  const linoid = (x: number) => (Math.abs(x) < 1e-7 ? 1 : x / (1 - Math.exp(-x)));
  const am = linoid((V + 40) / 10);
  const bm = 4 * Math.exp(-(V + 65) / 18);
  const ah = 0.07 * Math.exp(-(V + 65) / 20);
  const bh = 1 / (1 + Math.exp(-(V + 35) / 10));
  const an = 0.1 * linoid((V + 55) / 10);
  const bn = 0.125 * Math.exp(-(V + 65) / 80);
  return [
    current - gNa * m ** 3 * h * (V - 50) - gK * n ** 4 * (V + 77) - gL * (V + 54.387),
    am * (1 - m) - bm * m,
    ah * (1 - h) - bh * h,
    an * (1 - n) - bn * n,
  ];
}
