"""Tests of the demo, without starting it whole."""
