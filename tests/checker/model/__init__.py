"""Tests of `checker/model`."""
