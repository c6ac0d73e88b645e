"""Values of the shared ABF 2 files as pyABF 2.3.8 reads them: the outside reference of tests/worker/recordings/real-files.test.ts.

python tests/golden/abf2-samples.py ../shared/recordings > tests/golden/abf2-samples.json && npx prettier --write tests/golden/abf2-samples.json
(pip install pyabf==2.3.8)
"""

import json
import sys
from pathlib import Path

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


def sweep_values(abf, sweep, channel, output):
    abf.setSweep(sweep, channel)
    voltage = abf.sweepY.astype(float)
    command = np.asarray(abf.stimulusByChannel[output].stimulusWaveform(sweep), dtype=float)
    edges = np.flatnonzero(np.abs(np.diff(command)) > 0.05 * max(np.ptp(command), 1e-12)) + 1
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
        files[name] = [sweep_values(abf, sweep, channel, output) for sweep in sweeps]
    json.dump({"reader": f"pyABF {pyabf.__version__}", "files": files}, sys.stdout, separators=(",", ":"))
    sys.stdout.write("\n")


main(sys.argv[1])
