"""Autoregressive decoding: one sampler, one loop, steppers for what runs the model."""
