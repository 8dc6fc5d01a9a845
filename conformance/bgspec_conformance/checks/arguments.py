"""Checks of the chapter ARG."""
