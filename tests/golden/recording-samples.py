"""Values of the shared recordings as pyABF 2.3.8 and h5py 3.16 read them: the outside reference of tests/worker/recordings/real-files.test.ts.

python tests/golden/recording-samples.py ../shared/recordings > tests/golden/recording-samples.json && npx prettier --write tests/golden/recording-samples.json
(pip install pyabf==2.3.8 h5py==3.16.0)
"""

import json
import sys
from pathlib import Path

import h5py
import numpy as np
import pyabf

# file, voltage channel, output of the command
FILES = [
    ("pyabf/171116sh_0018.abf", 0, 0),
    ("pyabf/171116sh_0016.abf", 0, 0),
    ("pyabf/17o05028_ic_steps.abf", 0, 0),
    ("pyabf/17o05027_ic_ramp.abf", 0, 0),
    ("pyabf/18425108.abf", 1, 1),
    ("pyabf/18713001.abf", 0, 0),
    ("pyabf/2019_07_24_0055_fsi.abf", 0, 0),
    ("gigaseal/demo_1.abf", 0, 0),
]

# file, voltage channel, channel of the stored current
STORED = [("nwbshowcase-ferguson2015/PYR2.abf", 1, 0)]

NWB = [
    "nwbshowcase-ferguson2015/FergusonEtAl2015_PYR2.nwb",
    "nwbshowcase-lantyer2018/LantyerEtAl2018_180817_ME_9_CC.nwb",
]


def abf_values(abf, sweep, channel, output):
    abf.setSweep(sweep, channel)
    voltage = abf.sweepY.astype(float)
    command = np.asarray(abf.stimulusByChannel[output].stimulusWaveform(sweep), dtype=float)
    return sample(sweep, voltage, command)


def stored_values(abf, sweep, channel, current):
    abf.setSweep(sweep, channel)
    voltage = abf.sweepY.astype(float)
    abf.setSweep(sweep, current)
    return sample(sweep, voltage, abf.sweepY.astype(float))


def nwb_values(file, sweep):
    """The sweep-th response by sweep number, and the stimulus of the same number; mV and pA."""
    responses = sorted(file["acquisition"].values(), key=lambda series: series.attrs["sweep_number"])
    number = responses[sweep].attrs["sweep_number"]
    (stimulus,) = [one for one in file["stimulus/presentation"].values() if one.attrs["sweep_number"] == number]
    return sample(sweep, si(responses[sweep]) * 1e3, si(stimulus) * 1e12)


def si(series):
    return series["data"][:].astype(float) * series["data"].attrs["conversion"]


def sample(sweep, voltage, command):
    edges = np.flatnonzero(np.abs(np.diff(command)) > 0.05 * max(np.ptp(command), 1e-12)) + 1
    edges = edges[:40]
    count = len(voltage)
    at = sorted({*range(0, count, count // 97), count // 64 - 1, count // 64, count - 1, *edges.tolist(), *(edges - 1).tolist()})
    return {
        "sweep": sweep,
        "sumMv": float(voltage.sum()),
        "sumCommand": float(command.sum()),
        "at": [int(i) for i in at],
        "voltageMv": [round(float(voltage[i]), 5) for i in at],
        "command": [round(float(command[i]), 6) for i in at],
    }


def main(folder):
    files = {}
    for name, channel, output in FILES:
        abf = pyabf.ABF(str(Path(folder) / name))
        sweeps = sorted({0, abf.sweepCount // 2, abf.sweepCount - 1})
        files[name] = [abf_values(abf, sweep, channel, output) for sweep in sweeps]
    for name, channel, current in STORED:
        abf = pyabf.ABF(str(Path(folder) / name))
        files[name] = [stored_values(abf, sweep, channel, current) for sweep in (0, 6, 12)]
    for name in NWB:
        with h5py.File(Path(folder) / name) as file:
            files[name] = [nwb_values(file, sweep) for sweep in (0, 3, len(file["acquisition"]) - 1)]
    json.dump({"reader": f"pyABF {pyabf.__version__}, h5py {h5py.__version__}", "files": files}, sys.stdout, separators=(",", ":"))
    sys.stdout.write("\n")


main(sys.argv[1])
