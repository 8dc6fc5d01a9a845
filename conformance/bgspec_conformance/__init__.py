"""The conformance suite of the contract of background tasks.

``bgspec check`` runs it. What an implementation's author needs of it is here: `Implementation`
says how one is made and used, `Recipe` how a program writes that, and `Deviation` what it is known
to break.
"""

from bgspec_conformance.errors import SuiteError, TargetError
from bgspec_conformance.implementation import Deviation, Implementation, Recipe

__all__ = ["Deviation", "Implementation", "Recipe", "SuiteError", "TargetError"]
