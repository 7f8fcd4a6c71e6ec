"""Tests of `checker/alerts`."""
