"""Features of spikes as eFEL gives them: the outside reference of tests/worker/simulate/spike-features.test.ts. Of the shared recordings, and
of simulations by forward.py.

    python tests/golden/spike-features.py ../shared/recordings > tests/golden/spike-features.json && npx prettier --write tests/golden/spike-features.json
    (pip install efel==5.7.34 pyabf==2.3.8 scipy)

`interp_step` is the trace's own sampling: left at 0.1 ms, eFEL would drop every second sample of a recording at 20 kHz. `Threshold` is where
loligo sees a spike; every other setting is eFEL's own.
"""

import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path

import efel
import numpy as np
import pyabf

with redirect_stdout(io.StringIO()):  # prints its own cases
    import forward

# file, sweep: a fast-spiking cell, a slow and broad one, one with few spikes, one with a gain of 2, an adapting one
RECORDINGS = [
    ("pyabf/2019_07_24_0055_fsi.abf", 10),
    ("pyabf/2019_07_24_0055_fsi.abf", 3),
    ("pyabf/171116sh_0018.abf", 14),
    ("pyabf/18713001.abf", 12),
    ("gigaseal/demo_1.abf", 7),
]
# cases of forward.py
SIMULATIONS = ("constant", "fluctuating", "step")
FEATURES = {
    "amplitudeMv": "AP_amplitude",
    "halfWidthMs": "AP_duration_half_width",
    "thresholdMv": "AP_begin_voltage",
    "ahpMv": "min_between_peaks_values",
    "upstrokeMvPerMs": "AP_peak_upstroke",
    "downstrokeMvPerMs": "AP_peak_downstroke",
    "onsetMs": "AP_begin_time",
    "peakMv": "peak_voltage",
}
# spikes of a trace that are kept
MOST = 20


def features(voltage, sample_ms):
    efel.reset()
    efel.set_setting("interp_step", sample_ms)
    efel.set_setting("Threshold", -10.0)
    times = np.arange(len(voltage)) * sample_ms
    trace = {"T": times, "V": voltage, "stim_start": [times[0]], "stim_end": [times[-1]]}
    (values,) = efel.get_feature_values([trace], ["peak_time", *FEATURES.values()], raise_warnings=False)
    count = min(MOST, len(values["peak_time"]))
    return {
        "peakMs": [round(float(x), 4) for x in values["peak_time"][:count]],
        **{name: [round(float(x), 4) for x in values[feature][:count]] for name, feature in FEATURES.items()},
    }


def voltage_of(case):
    """V at every sample; forward.py keeps every tenth"""
    model = forward.hh if case["model"] == forward.hh.name else forward.rs
    return forward.simulate(model, case["parameters"], np.array(case["current"]))[:, 0]


def main(folder):
    recordings = []
    for file, sweep in RECORDINGS:
        abf = pyabf.ABF(str(Path(folder) / file))
        abf.setSweep(sweep)
        recordings.append({"file": file, "sweep": sweep, **features(abf.sweepY.astype(float), 1000.0 / abf.dataRate)})
    simulations = [
        {"label": case["label"], **features(voltage_of(case), case["sampleMs"])} for case in forward.cases if case["label"] in SIMULATIONS
    ]
    json.dump({"efel": efel.__version__, "recordings": recordings, "simulations": simulations}, sys.stdout, separators=(",", ":"))
    sys.stdout.write("\n")


main(sys.argv[1])
