"""The files that `scripts/update_schemas.py` generates from the vendor's OpenAPI document.

`models` parses the document's models. `streams` selects models and operations. `operations`
extracts permissions, responses and filters of these. `columns` has the columns that all rows have
in common; `conversations` and `kinds` make the schemas. `shapes` is for the simulator, `trimming`
for the tests.
"""
