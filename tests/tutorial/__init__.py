"""Programs as FastAPI's tutorial has them, one a spelling; the import is the line that changes."""
