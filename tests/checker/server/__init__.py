"""Tests of `checker/server`."""
