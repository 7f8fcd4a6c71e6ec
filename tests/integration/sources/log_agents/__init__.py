"""Tests of `sources/log_agents`."""
