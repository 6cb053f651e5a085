"""The rules about personal data, and how they are applied."""
