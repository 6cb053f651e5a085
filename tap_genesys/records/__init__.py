"""A response becomes rows. Pure."""
