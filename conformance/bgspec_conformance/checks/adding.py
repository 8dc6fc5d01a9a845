"""Checks of the chapter ADD."""
