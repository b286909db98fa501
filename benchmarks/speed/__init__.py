"""How fast elman's recurrences are, against torch.nn, ONNX Runtime and JAX: ``python -m benchmarks.speed``."""
