"""Tests of `checker/archives`."""
