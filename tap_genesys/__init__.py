"""Singer tap for Genesys Cloud CX."""
