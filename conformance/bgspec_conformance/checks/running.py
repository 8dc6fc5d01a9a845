"""Checks of the chapter RUN."""
