"""JAX with vmap on the GPU: the step of ref_jax.py (which lies beside this file), by number of replicas, form and precision of products.

    python3 gpu-peer.py W1:1024,W1:4096 man,jvp highest,default

`highest` is float32 throughout; `default` lets the GPU round the factors of products to TF32 (10 bits), which no engine here does.
Prints a line per measurement: workload, replicas, form, precision, replica-steps a second (best of three runs of 20 steps).
"""

import os
import sys
import time

os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
os.environ["XLA_FLAGS"] = ""  # ref_jax.py's own are for a processor core
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import jax
import jax.numpy as jnp
import numpy as np
import ref_jax

STEPS = 20
FORMS = {"man": ref_jax.loss_man, "jvp": ref_jax.loss_jvp, "stack": ref_jax.loss_stack}


def rate(workload, replicas, form):
    size = ref_jax.CFG[workload]
    given = [jnp.asarray(x, jnp.float32) for x in ref_jax.make(size)[1:]]
    starts = [ref_jax.init(size, seed) for seed in range(min(replicas, 64))]
    repeats = -(-replicas // len(starts))
    theta = jax.tree.map(lambda *x: jnp.asarray(np.concatenate([np.stack(x)] * repeats)[:replicas], jnp.float32), *starts)
    run, _ = ref_jax.make_steps(FORMS[form], *given, STEPS, True)
    run = jax.jit(run, donate_argnums=0)
    state = (theta, jax.tree.map(jnp.zeros_like, theta), jax.tree.map(jnp.zeros_like, theta), jnp.float32(0.0))
    state, _ = jax.block_until_ready(run(state))
    best = 0.0
    for _ in range(3):
        began = time.perf_counter()
        state, loss = jax.block_until_ready(run(state))
        best = max(best, replicas * STEPS / (time.perf_counter() - began))
    return best


def main(jobs, forms, precisions):
    print("JAX", jax.__version__, jax.devices()[0].device_kind, flush=True)
    for workload, replicas in (job.split(":") for job in jobs.split(",")):
        for precision in precisions.split(","):
            for form in forms.split(","):
                with jax.default_matmul_precision(precision):
                    try:
                        text = f"{rate(workload, int(replicas), form):.0f}"
                    except Exception as error:  # out of memory is an answer too
                        text = str(error).splitlines()[0][:80]
                print(workload, replicas, form, precision, text, flush=True)


main(*sys.argv[1:4])
