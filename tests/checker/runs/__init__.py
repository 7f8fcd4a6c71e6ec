"""Tests of `checker/runs`."""
