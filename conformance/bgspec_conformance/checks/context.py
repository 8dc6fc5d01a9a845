"""Checks of the chapter CTX."""
