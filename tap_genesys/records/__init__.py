"""The conversion of responses into rows. Pure."""
