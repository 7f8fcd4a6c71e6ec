"""Tests of `checker/verdicts`."""
