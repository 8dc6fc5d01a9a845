"""Checks of the chapter CAN."""
