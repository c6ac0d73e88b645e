"""A small NWB file as h5py 3.16 writes what h5wasm cannot: the input of tests/worker/recordings/nwb.test.ts beside the shared files.

python tests/golden/variants.py tests/golden/variants.nwb      (pip install h5py==3.16.0)
Three sweeps of 40 samples at 10 kHz. V of sweep k at sample i is -70 + i / 10 + k mV, the current 10 (k + 1) pA from sample 10 to 29.
"""

import sys

import h5py
import numpy as np

V = [np.array([-70 + i / 10 + k for i in range(40)]) for k in range(3)]
PA = [np.array([10.0 * (k + 1) if 10 <= i < 30 else 0.0 for i in range(40)]) for k in range(3)]


def series(parent, name, kind, data, unit, conversion, number):
    group = parent.create_group(name)
    group.attrs["neurodata_type"] = np.bytes_(kind)  # fixed length
    group.attrs["sweep_number"] = np.array([number], dtype=">u8")  # a list of one, big-endian
    dataset = group.create_dataset("data", data=data, **({"chunks": (7,), "compression": "gzip", "shuffle": True} if number else {}))
    dataset.attrs["unit"] = unit
    dataset.attrs["conversion"] = np.float32(conversion)
    return group


with h5py.File(sys.argv[1], "w", libver="latest") as file:
    file.attrs["nwb_version"] = np.bytes_("2.4.0")
    electrode = file.create_group("general/intracellular_ephys/patch 1")
    electrode.attrs["object_id"] = "e-1"
    acquisition, presented = file.create_group("acquisition"), file.create_group("stimulus/presentation")
    for k in range(3):
        # integers of both byte orders, and big-endian floats; 0.1 mV and 0.5 pA a digit
        digits = np.rint(V[k] * 10).astype([">i2", "<i4", ">i8"][k])
        response = series(acquisition, f"response {2 - k}", "CurrentClampSeries", digits, "volts", 1e-4, k)
        stimulus = series(presented, f"stimulus {k}", "CurrentClampStimulusSeries", (PA[k] * 2).astype([">f4", "<f8", ">f8"][k]), "amperes", 5e-13, k)
        response["electrode"] = electrode  # a hard link
        stimulus["electrode"] = h5py.SoftLink("/general/intracellular_ephys/patch 1")
        if k == 0:
            response.create_dataset("timestamps", data=100 + np.arange(40) * 1e-4, dtype=">f8")
        else:
            response["timestamps"] = h5py.SoftLink("/acquisition/response 2/timestamps")
        stimulus["timestamps"] = acquisition["response 2/timestamps"]
