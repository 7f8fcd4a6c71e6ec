"""Tests of `texts`."""
