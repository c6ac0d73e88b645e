"""Reference solutions for tests/worker/simulate/forward.test.ts, by SciPy's DOP853 at rtol 1e-11, restarted at every sample, because the
current is linear between samples. Equations as in the papers, written anew here; nothing of loligo is used.

    python tests/golden/forward.py > tests/golden/forward.json && npx prettier --write tests/golden/forward.json        (numpy, scipy)
"""

import json

import numpy as np
import scipy
from scipy.integrate import solve_ivp

SAMPLE_MS = 0.1


def ratio(x):
    """x / (1 - exp(-x)), 1 at 0"""
    return 1.0 + x / 2 if abs(x) < 1e-8 else -x / np.expm1(-x)


class HodgkinHuxley:
    """Hodgkin and Huxley 1952, J Physiol 117:500, with V = -65 mV at rest and spikes upward"""

    name = "hodgkin-huxley"
    states = ["V", "m", "h", "n"]
    rest = -65.0
    parameters = dict(gNa=120.0, gK=36.0, gL=0.3, ENa=50.0, EK=-77.0, EL=-54.387, C=1.0)

    def rates(self, V, p):
        m = (ratio((V + 40) / 10), 4 * np.exp(-(V + 65) / 18))
        h = (0.07 * np.exp(-(V + 65) / 20), 1 / (1 + np.exp(-(V + 35) / 10)))
        n = (0.1 * ratio((V + 55) / 10), 0.125 * np.exp(-(V + 65) / 80))
        return [m, h, n]

    def derivatives(self, y, current, p):
        V, m, h, n = y
        ionic = p["gNa"] * m**3 * h * (V - p["ENa"]) + p["gK"] * n**4 * (V - p["EK"]) + p["gL"] * (V - p["EL"])
        gates = [a * (1 - x) - b * x for x, (a, b) in zip((m, h, n), self.rates(V, p))]
        return [(current - ionic) / p["C"], *gates]

    def start(self, p):
        return [self.rest, *(a / (a + b) for a, b in self.rates(self.rest, p))]


class PospischilRs:
    """Pospischil et al. 2008, Biol Cybern 99:427, equations of the regular-spiking neuron; pA, nS, pF for a cell of 1.184e-4 cm2"""

    name = "pospischil-rs"
    states = ["V", "m", "h", "n", "p"]
    rest = -70.3
    parameters = dict(gNa=6632.0, gK=711.0, gM=8.88, gL=2.43, ENa=50.0, EK=-90.0, EL=-70.3, C=118.4, VT=-56.2, taumax=608.0)

    def rates(self, V, p):
        v = V - p["VT"]
        m = (0.32 * 4 * ratio((v - 13) / 4), 0.28 * 5 * ratio(-(v - 40) / 5))
        h = (0.128 * np.exp(-(v - 17) / 18), 4 / (1 + np.exp(-(v - 40) / 5)))
        n = (0.032 * 5 * ratio((v - 15) / 5), 0.5 * np.exp(-(v - 10) / 40))
        infinity = 1 / (1 + np.exp(-(V + 35) / 10))
        tau = p["taumax"] / (3.3 * np.exp((V + 35) / 20) + np.exp(-(V + 35) / 20))
        return [m, h, n, (infinity / tau, (1 - infinity) / tau)]

    def derivatives(self, y, current, p):
        V, m, h, n, q = y
        ionic = (
            p["gNa"] * m**3 * h * (V - p["ENa"])
            + p["gK"] * n**4 * (V - p["EK"])
            + p["gM"] * q * (V - p["EK"])
            + p["gL"] * (V - p["EL"])
        )
        gates = [a * (1 - x) - b * x for x, (a, b) in zip((m, h, n, q), self.rates(V, p))]
        return [(current - ionic) / p["C"], *gates]

    start = HodgkinHuxley.start


def simulate(model, p, current):
    y = np.array(model.start(p))
    rows = [y]
    for i in range(len(current) - 1):
        slope = (current[i + 1] - current[i]) / SAMPLE_MS
        f = lambda t, y: model.derivatives(y, current[i] + slope * t, p)
        y = solve_ivp(f, (0, SAMPLE_MS), y, method="DOP853", rtol=1e-11, atol=1e-12).y[:, -1]
        rows.append(y)
    return np.array(rows)


def fluctuating(mean, sd, tau, samples, seed):
    random = np.random.default_rng(seed)
    decay = np.exp(-SAMPLE_MS / tau)
    deviation = [sd * random.standard_normal()]
    for _ in range(samples - 1):
        deviation.append(deviation[-1] * decay + sd * np.sqrt(1 - decay**2) * random.standard_normal())
    return mean + np.array(deviation)


def case(label, model, current, every, **changed):
    p = {**model.parameters, **changed}
    current = np.round(current, 6)
    rows = simulate(model, p, current)[::every]
    return dict(
        label=label,
        model=model.name,
        parameters=p,
        initial=dict(V=model.rest),
        sampleMs=SAMPLE_MS,
        current=current.tolist(),
        every=every,
        states={name: [float(f"{x:.12g}") for x in rows[:, k]] for k, name in enumerate(model.states)},
    )


t = np.arange(501) * SAMPLE_MS
long = np.arange(1001) * SAMPLE_MS
hh, rs = HodgkinHuxley(), PospischilRs()
cases = [
    case("constant", hh, np.full(501, 10.0), 10),
    case("ramp", hh, 0.4 * t, 10),
    case("sine", hh, 8 + 6 * np.sin(2 * np.pi * 0.06 * t), 10),
    case("fluctuating", hh, fluctuating(10, 5, 2, 501, 1), 10, gNa=100.0, gK=40.0, gL=0.25),
    case("step", rs, np.where((long >= 10) & (long < 90), 150.0, 0.0), 20),
]
print(json.dumps(dict(made=f"scipy {scipy.__version__}, numpy {np.__version__}", cases=cases)))
