"""Speed beside torch, ONNX Runtime, JAX and a convolution: ``python -m benchmarks.speed --help``."""
