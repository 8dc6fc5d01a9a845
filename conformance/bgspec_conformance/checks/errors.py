"""Checks of the chapter ERR."""
