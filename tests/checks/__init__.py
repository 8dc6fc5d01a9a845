"""Tests of the checks, on histories written by hand."""
