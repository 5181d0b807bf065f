"""The tabs: each builds components and connects them to actions; no logic."""
