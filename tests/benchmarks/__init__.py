"""How fast the reference runner is beside the runners that it can stand in for.

``python -m tests.benchmarks`` measures and prints; ``--help`` says what else it can do.
"""
