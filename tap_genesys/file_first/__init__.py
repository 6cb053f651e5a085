"""SQL for DuckDB that loads files of Singer messages, for backfills and lakes."""
