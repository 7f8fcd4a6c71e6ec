"""What people have restored, and what that proves."""
