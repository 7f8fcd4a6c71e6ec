"""Sentences for people, in the language of who reads them."""
