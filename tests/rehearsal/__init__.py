"""A release rehearsed: its zip in a Home Assistant of its own, new and in place of an earlier release."""
