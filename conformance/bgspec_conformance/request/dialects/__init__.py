"""Dialects: a plan as the source of a module, in the terms of one framework.

The module finds ``scene`` among its globals, tells it what happens, and defines ``app``. It is what
a user of the framework would write, so a plan that one cannot write there is beyond the dialect.
"""
