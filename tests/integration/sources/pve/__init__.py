"""Tests of `sources/pve`."""
