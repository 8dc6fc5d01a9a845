"""The conformance suite of the contract of background tasks.

``bgspec check`` runs it. What an implementation's author needs of it is here: `Implementation`
says how one is made and used, `Recipe` how a program writes that, and `Deviation` what it is known
to break. A framework's whole requests are tried through a `Framework`, which writes applications.
"""

from bgspec_conformance.errors import Beyond, SuiteError, TargetError
from bgspec_conformance.implementation import Deviation, Framework, Implementation, Recipe

__all__ = [
    "Beyond",
    "Deviation",
    "Framework",
    "Implementation",
    "Recipe",
    "SuiteError",
    "TargetError",
]
