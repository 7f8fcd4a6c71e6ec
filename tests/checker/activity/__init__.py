"""Tests of `checker/activity`."""
