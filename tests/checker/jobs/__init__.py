"""Tests of `checker/jobs`."""
