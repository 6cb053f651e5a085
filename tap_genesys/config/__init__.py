"""The settings: what each may be, and what follows from it before the first request."""
