"""Figures of the built-in models by another simulator: Brian2 (RK4, 0.005 ms), with the equations as the papers print them and their own
densities, written anew here; nothing of loligo is used. The outside reference of tests/worker/models/builtin-figures.test.ts.

    python tests/golden/builtin-models.py > tests/golden/builtin-models.json && npx prettier --write tests/golden/builtin-models.json
    (pip install brian2==2.9.0 'numpy<2' cython; two minutes)

Per model: rest (states when all has settled without current), rheobase (the smallest step from rest that gives a spike within 500 ms, to 1e-4 of itself),
and, for steps of some amplitudes that begin at rest at 0 and last 500 ms, the times of upward crossings of -10 mV (after a return below
-20 mV), and peak and width of the first spike, at half between rest and peak. V is looked at every 0.05 ms, with straight lines between.
"""

import json
import math
import sys

import brian2 as b
import numpy as np

b.prefs.codegen.target = "cython"
SAMPLE_MS = 0.05

# Linear over exponential, x / (exp(x) - 1): Brian2's exprel(x) is (exp(x) - 1) / x.
POSPISCHIL = """
INa = gNa*m**3*h*(V - ENa) : 1
IKd = gKd*n**4*(V - EK) : 1
IM = gM*p*(V - EK) : 1
dm/dt = (0.32*4/exprel(-(V - VT - 13)/4)*(1 - m) - 0.28*5/exprel((V - VT - 40)/5)*m)/ms : 1
dh/dt = (0.128*exp(-(V - VT - 17)/18)*(1 - h) - 4/(1 + exp(-(V - VT - 40)/5))*h)/ms : 1
dn/dt = (0.032*5/exprel(-(V - VT - 15)/5)*(1 - n) - 0.5*exp(-(V - VT - 10)/40)*n)/ms : 1
dp/dt = (1/(1 + exp(-(V + 35)/10)) - p)*(3.3*exp((V + 35)/20) + exp(-(V + 35)/20))/(taumax*ms) : 1
I : 1
"""
DENSITIES = dict(C=1.0, ENa=50.0, EK=-90.0)


def cylinder(micrometres):
    """cm2 of the mantle, length = diameter"""
    return math.pi * (micrometres * 1e-4) ** 2


# `unit`: current of loligo's model in the density's uA/cm2; amplitudes are in the model's unit.
MODELS = {
    "morris-lecar": dict(
        equations="""
        dV/dt = (I - gL*(V - EL) - gCa*0.5*(1 + tanh((V - V1)/V2))*(V - ECa) - gK*w*(V - EK))/C/ms : 1
        dw/dt = phi*(0.5*(1 + tanh((V - V3)/V4)) - w)*cosh((V - V3)/(2*V4))/ms : 1
        I : 1
        """,
        values=dict(C=20.0, gL=2.0, gCa=4.4, gK=8.0, EL=-60.0, ECa=120.0, EK=-84.0, V1=-1.2, V2=18.0, V3=2.0, V4=30.0, phi=0.04),
        unit=1.0,
        start=-60.0,
        amplitudes=[60.0, 95.0, 150.0, 205.0],
        search=[10.0, 100.0],
    ),
    "connor-stevens": dict(
        equations="""
        dV/dt = (I - 0.3*(V + 17) - 120*m**3*h*(V - 55) - 20*n**4*(V + 72) - 47.7*a**3*bb*(V + 75))/ms : 1
        dm/dt = (0.38*10/exprel(-0.1*(V + 29.7))*(1 - m) - 15.2*exp(-(V + 54.7)/18)*m)/ms : 1
        dh/dt = (0.266*exp(-(V + 48)/20)*(1 - h) - 3.8/(1 + exp(-(V + 18)/10))*h)/ms : 1
        dn/dt = (0.019*10/exprel(-0.1*(V + 45.7))*(1 - n) - 0.2375*exp(-(V + 55.7)/80)*n)/ms : 1
        da/dt = ((0.0761*exp((V + 94.22)/31.84)/(1 + exp((V + 1.17)/28.93)))**(1.0/3) - a)/(0.3632 + 1.158/(1 + exp((V + 55.96)/20.12)))/ms : 1
        dbb/dt = ((1/(1 + exp((V + 53.3)/14.54)))**4 - bb)/(1.24 + 2.678/(1 + exp((V + 50)/16.027)))/ms : 1
        I : 1
        """,
        values={},
        unit=1.0,
        start=-68.0,
        amplitudes=[8.5, 10.0, 20.0, 50.0],
        search=[5.0, 12.0],
    ),
    "pospischil-fs": dict(
        equations="dV/dt = (I - gl*(V - El) - INa - IKd - IM)/C/ms : 1" + POSPISCHIL,
        values=dict(DENSITIES, gNa=58.0, gKd=3.9, gM=0.0787, gl=0.038, El=-70.4, VT=-57.9, taumax=502.0),
        unit=1e-6 / cylinder(56.9),
        start=-71.4,
        amplitudes=[100.0, 200.0, 400.0, 800.0],
        search=[10.0, 200.0],
    ),
    "pospischil-lts": dict(
        equations="""
        dV/dt = (I - gl*(V - El) - INa - IKd - IM - IT)/C/ms : 1
        IT = gT*(1/(1 + exp(-(V + Vx + 57)/6.2)))**2*u*(V - 120) : 1
        du/dt = 3.7*(1/(1 + exp((V + Vx + 81)/4)) - u)/(30.8 + (211.4 + exp((V + Vx + 113.2)/5))/(1 + exp((V + Vx + 84)/3.2)))/ms : 1
        """
        + POSPISCHIL,
        values=dict(DENSITIES, gNa=50.0, gKd=4.0, gM=0.028, gl=0.019, El=-50.0, VT=-50.0, taumax=4000.0, gT=0.4, Vx=-7.0),
        unit=1e-6 / cylinder(89.2),
        start=-54.0,
        amplitudes=[100.0, 200.0, 400.0],
        rebound=-150.0,
        search=[10.0, 400.0],
    ),
    "pospischil-ib": dict(
        equations="""
        dV/dt = (I - gl*(V - El) - INa - IKd - IM - IL)/C/ms : 1
        IL = gL*q**2*r*(V - 120) : 1
        dq/dt = (0.055*3.8/exprel((-27 - V)/3.8)*(1 - q) - 0.94*exp((-75 - V)/17)*q)/ms : 1
        dr/dt = (0.000457*exp((-13 - V)/50)*(1 - r) - 0.0065/(exp((-15 - V)/28) + 1)*r)/ms : 1
        """
        + POSPISCHIL,
        values=dict(DENSITIES, gNa=50.0, gKd=5.0, gM=0.03, gl=0.01, El=-70.0, VT=-56.2, taumax=608.0, gL=0.1),
        unit=1e-6 / cylinder(96.0),
        start=-71.4,
        amplitudes=[200.0, 400.0, 800.0],
        search=[10.0, 400.0],
    ),
    "wang-adapting": dict(
        equations="""
        dV/dt = (I - 0.1*(V + 65) - 45*minf**3*h*(V - 55) - 18*n**4*(V + 80) - ICa - 5*Ca/(Ca + 30)*(V + 80))/ms : 1
        am = 1/exprel(-0.1*(V + 33)) : 1
        minf = am/(am + 4*exp(-(V + 58)/12)) : 1
        ICa = (1/(1 + exp(-(V + 20)/9)))**2*(V - 120) : 1
        dh/dt = 4*(0.07*exp(-(V + 50)/10)*(1 - h) - h/(1 + exp(-0.1*(V + 20))))/ms : 1
        dn/dt = 4*(0.1/exprel(-0.1*(V + 34))*(1 - n) - 0.125*exp(-(V + 44)/25)*n)/ms : 1
        dCa/dt = (-0.002*ICa - Ca/80)/ms : 1
        I : 1
        """,
        values={},
        unit=1.0,
        start=-64.5,
        amplitudes=[0.7, 1.0, 2.0, 4.0],
        search=[0.01, 2.0],
    ),
}


def build(model, currents, initial):
    group = b.NeuronGroup(len(currents), model["equations"], method="rk4", namespace=model["values"], dt=0.005 * b.ms)
    group.I = np.asarray(currents) * model["unit"]
    for name, value in initial.items():
        setattr(group, name, value)
    return group


def traces(model, currents, milliseconds, initial):
    """V every SAMPLE_MS for each current, and all states at the end"""
    group = build(model, currents, initial)
    monitor = b.StateMonitor(group, "V", record=True, dt=SAMPLE_MS * b.ms)
    network = b.Network(group, monitor)
    network.run((milliseconds + SAMPLE_MS) * b.ms)
    states = [name for name in group.equations.diff_eq_names]
    return np.asarray(monitor.V), {name: np.asarray(getattr(group, name)[:]) for name in states}


def at_rest(model):
    """V without current, and every state there: the M current of the low-threshold cell takes seconds to settle"""
    _, last = traces(model, [0.0], 20_000 if "lts" in model["name"] else 5_000, {"V": model["start"], **model["begin"]})
    return {name: float(values[0]) for name, values in last.items()}


def crossings(V):
    times, armed = [], True
    for i in range(1, len(V)):
        if armed and V[i - 1] < -10 <= V[i]:
            times.append(SAMPLE_MS * (i - 1 + (-10 - V[i - 1]) / (V[i] - V[i - 1])))
            armed = False
        if V[i] < -20:
            armed = True
    return times


def first_spike(V, times, rest):
    start = int(times[0] / SAMPLE_MS)
    end = start + int(np.argmax(V[start + 1 :] < -20)) + 1
    peak = float(V[start:end].max())
    half = (peak + rest) / 2
    top = start + int(np.argmax(V[start:end]))
    up = next(i for i in range(top, 0, -1) if V[i - 1] < half)
    down = next(i for i in range(top, len(V) - 1) if V[i + 1] < half)
    cross = lambda i, j: SAMPLE_MS * (i + (half - V[i]) / (V[j] - V[i]) * (j - i))
    return {"peakMv": round(peak, 6), "halfWidthMs": round(cross(down, down + 1) - cross(up - 1, up), 6)}


def rheobase(model, rest):
    low, high = model["search"]
    while high - low > 1e-4 * high:
        currents = np.linspace(low, high, 41)
        V, _ = traces(model, currents, 500, rest)
        fires = [len(crossings(row)) > 0 for row in V]
        if fires[0] or not fires[-1]:
            raise ValueError(f"{model['name']}: no rheobase from {low} to {high}")
        k = fires.index(True)
        low, high = float(currents[k - 1]), float(currents[k])
    return high


def figures(model):
    rest = at_rest(model)
    V, _ = traces(model, model["amplitudes"], 500, rest)
    steps = []
    for amplitude, row in zip(model["amplitudes"], V):
        times = crossings(row)
        shape = {} if not times else first_spike(row, times, rest["V"])
        steps.append({"amplitude": amplitude, "spikesMs": [round(t, 5) for t in times], **shape})
    found = {"model": model["name"], "initial": {"b" if x == "bb" else x: value for x, value in rest.items()}, "rheobase": round(rheobase(model, rest), 6), "steps": steps}
    if "rebound" in model:
        _, held = traces(model, [model["rebound"]], 500, rest)
        V, _ = traces(model, [0.0], 500, {name: float(value[0]) for name, value in held.items()})
        found["rebound"] = {"amplitude": model["rebound"], "spikesMs": [round(t, 5) for t in crossings(V[0])]}
    return found


def main():
    out = []
    for name, model in MODELS.items():
        model["name"] = name
        model["begin"] = {x: 0.5 for x in ("h", "w", "n", "p", "a", "bb", "u", "r") if f"d{x}/dt" in model["equations"]}
        out.append(figures(model))
        last = out[-1]
        print(name, last["initial"]["V"], last["rheobase"], [(s["amplitude"], len(s["spikesMs"]), s.get("peakMv"), s.get("halfWidthMs")) for s in last["steps"]], last.get("rebound", {}).get("spikesMs"), file=sys.stderr)
    print(json.dumps({"brian2": b.__version__, "sampleMs": SAMPLE_MS, "models": out}))


main()
