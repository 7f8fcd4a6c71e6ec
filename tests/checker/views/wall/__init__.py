"""Tests of `checker/views/wall`."""
