"""A model as one bundle for phones: ONNX graphs, text data, voices, and a runtime without torch."""
