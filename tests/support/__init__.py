"""Helpers that tests share: doubles, a harness, loaders, and databases."""
