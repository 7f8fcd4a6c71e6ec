"""Tests of `privacy`."""
