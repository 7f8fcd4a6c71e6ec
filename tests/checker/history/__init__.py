"""Tests of `checker/history`."""
