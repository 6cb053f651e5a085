"""Singer messages, and how far a run is."""
