"""Training of the three models: data, losses, discriminators, loops."""
