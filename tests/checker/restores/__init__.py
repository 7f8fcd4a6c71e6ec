"""Tests of the restores."""
