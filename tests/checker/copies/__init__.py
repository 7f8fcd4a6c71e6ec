"""Tests of `checker/copies`."""
