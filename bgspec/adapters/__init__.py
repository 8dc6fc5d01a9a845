"""Adapters: a module for each framework or library, which it imports, and nobody else does."""
