"""What a release has left in Home Assistant, and what becomes of it under the present source."""
