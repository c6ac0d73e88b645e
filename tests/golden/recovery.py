"""Hodgkin-Huxley voltage traces by another program: SciPy's DOP853 at rtol = atol = 1e-9, 50 ms every 0.1 ms under a constant
10 uA/cm2, from -65 mV with the gates at their steady state. The parameters stand in no spec: tests/integration/recovery.test.ts knows
them. Makes recovery-1.csv, recovery-2.csv and recovery-3.csv beside this file (SciPy 1.17.1):  python tests/golden/recovery.py
"""
import pathlib
import numpy as np
from scipy.integrate import solve_ivp

SETS = [(95.0, 28.0, 0.22), (150.0, 45.0, 0.35), (110.0, 32.0, 0.5)]
CURRENT = 10.0


def linear_over_exponential(x):
    return 1 + x / 2 if abs(x) < 1e-9 else x / (1 - np.exp(-x))


def rates(V):
    return (
        (linear_over_exponential((V + 40) / 10), 4 * np.exp(-(V + 65) / 18)),
        (0.07 * np.exp(-(V + 65) / 20), 1 / (1 + np.exp(-(V + 35) / 10))),
        (0.1 * linear_over_exponential((V + 55) / 10), 0.125 * np.exp(-(V + 65) / 80)),
    )


def simulate(gNa, gK, gL, times):
    def slope(_t, y):
        V, m, h, n = y
        ionic = gNa * m**3 * h * (V - 50) + gK * n**4 * (V + 77) + gL * (V + 54.387)
        return [CURRENT - ionic, *(a * (1 - x) - b * x for (a, b), x in zip(rates(V), (m, h, n)))]

    start = [-65.0, *(a / (a + b) for a, b in rates(-65.0))]
    return solve_ivp(slope, (times[0], times[-1]), start, t_eval=times, rtol=1e-9, atol=1e-9, method="DOP853").y[0]


times = np.linspace(0, 50, 501)
for number, parameters in enumerate(SETS, start=1):
    V = simulate(*parameters, times)
    lines = ["t,V,I", *(f"{t:.1f},{v:.9f},{CURRENT:.0f}" for t, v in zip(times, V))]
    pathlib.Path(__file__).with_name(f"recovery-{number}.csv").write_text("\n".join(lines) + "\n")
