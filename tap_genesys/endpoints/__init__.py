"""The kinds of stream, one module each."""
