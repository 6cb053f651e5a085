"""What is made of the vendor's OpenAPI document; `scripts/update_schemas.py` writes it down.

`models` reads the document's models, `streams` says which of them and which operations are wanted.
`operations` tells what the document says of these, `columns` what all rows have in common;
`conversations` and `kinds` make schemas of both. `shapes` is for the simulator, `trimming` for the
tests.
"""
