"""Training of the bundled person embedder; see README.md.  Needs torch and onnx."""
