"""The `pii` rules about personal data, and their application."""
