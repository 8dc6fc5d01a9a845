"""Tests of the library and of the suite itself."""
