"""What has happened since the look before."""
