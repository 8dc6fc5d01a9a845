"""Checks of the chapter CALL."""
