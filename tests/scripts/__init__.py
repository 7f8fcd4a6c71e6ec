"""Tests of the scripts for people."""
