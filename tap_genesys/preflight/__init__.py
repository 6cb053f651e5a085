"""`--check`: what will work and what it will cost, before the first run."""
