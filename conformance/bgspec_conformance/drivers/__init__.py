"""Drivers carry out a plan against an implementation, and give back the history."""
