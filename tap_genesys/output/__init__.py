"""Singer messages on stdout, and the progress of a run."""
