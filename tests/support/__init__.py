"""What tests share: doubles, a harness, loaders, and databases."""
