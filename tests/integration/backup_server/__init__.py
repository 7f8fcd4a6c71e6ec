"""Tests of the entries of backup servers, in a real Home Assistant against virtual servers."""
