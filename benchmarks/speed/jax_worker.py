"""Runs in an interpreter that has JAX: times a jitted ``lax.scan``, or a Keras layer on it, on demand. JSON requests in, answers out."""

from __future__ import annotations

import json
import os
import sys
import time


def keras(cell: str, steps: int, batch: int, inputs: int, hidden: int, _unroll: int):
    """A Keras layer, jitted; it chooses its own unrolling."""
    os.environ["KERAS_BACKEND"] = "jax"
    import jax
    import jax.numpy as jnp
    from keras import layers

    layer = {"RNN": layers.SimpleRNN, "GRU": layers.GRU, "LSTM": layers.LSTM}[cell](hidden, return_sequences=True)
    layer.build((batch, steps, inputs))
    weights = [v.value for v in layer.trainable_variables]
    fixed = [v.value for v in layer.non_trainable_variables]
    x = jax.random.normal(jax.random.key(0), (batch, steps, inputs), jnp.float32)
    run = lambda x, *w: layer.stateless_call(list(w), fixed, x)[0]  # noqa: E731
    every = tuple(range(len(weights) + 1))
    functions = {"forward": jax.jit(run), "training": jax.jit(jax.grad(lambda *a: run(*a).sum(), argnums=every))}
    return {name: (lambda f=f: jax.block_until_ready(f(x, *weights))) for name, f in functions.items()}


def build(cell: str, steps: int, batch: int, inputs: int, hidden: int, unroll: int):
    import jax
    import jax.numpy as jnp

    gates = {"RNN": 1, "GRU": 3, "LSTM": 4}[cell]
    key = jax.random.key(0)
    shapes = [(steps, batch, inputs), (gates * hidden, inputs), (gates * hidden, hidden), (gates * hidden,), (gates * hidden,)]
    x, *weights = (0.1 * jax.random.normal(k, s, jnp.float32) for k, s in zip(jax.random.split(key, 5), shapes, strict=True))

    def step(w_hh, b_hh, state, gx):
        h, c = state
        gh = h @ w_hh.T + b_hh
        if cell == "RNN":
            h = jnp.tanh(gx + gh)
        elif cell == "GRU":
            (rx, zx, nx), (rh, zh, nh) = jnp.split(gx, 3, -1), jnp.split(gh, 3, -1)
            z = jax.nn.sigmoid(zx + zh)
            h = (1 - z) * jnp.tanh(nx + jax.nn.sigmoid(rx + rh) * nh) + z * h
        else:
            i, f, g, o = jnp.split(gx + gh, 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    def run(x, w_ih, w_hh, b_ih, b_hh):
        zeros = jnp.zeros((batch, hidden), jnp.float32)
        return jax.lax.scan(lambda s, gx: step(w_hh, b_hh, s, gx), (zeros, zeros), x @ w_ih.T + b_ih, unroll=unroll)[1]

    functions = {"forward": jax.jit(run), "training": jax.jit(jax.grad(lambda *a: run(*a).sum(), argnums=(0, 1, 2, 3, 4)))}
    return {name: (lambda f=f: jax.block_until_ready(f(x, *weights))) for name, f in functions.items()}


def clock(call, repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def main() -> None:
    made = {}
    for line in sys.stdin:
        request = json.loads(line)
        peer = keras if request.get("peer") == "keras" else build
        key = (request["cell"], *request["shape"])
        name = (key, request["which"], peer)
        if name not in made:
            made.clear()
            tuned = []
            for unroll in request["unrolls"]:
                call = peer(*key, unroll)[request["which"]]
                call()
                tuned.append((clock(call, 3), unroll, call))
            made[name] = min(tuned, key=lambda t: t[0])
        sys.stdout.write(json.dumps({"seconds": clock(made[name][2], request["repeats"]), "unroll": made[name][1]}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if os.environ.get("ELMAN_JAX_THREADS") == "1":  # XLA's pool is as large as the process may run on cores
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    main()
