"""The request profile: a framework's whole way from endpoint and dependencies to the last byte.

A plan is a whole little application, written out as the source of a module in the framework's own
terms (`dialects`), and served requests on raw ASGI messages (`scene`), whose `send` is held back,
so that what starts too early shows. A witness is that very module, with the same client.
"""
