"""The built-in implementations: a module an engine, named after it.

Each has ``IMPLEMENTATIONS``, which its entry point in the group ``bgspec.implementations`` names.
"""
