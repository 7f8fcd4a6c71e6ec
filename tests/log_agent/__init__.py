"""The log agent, run for real: TLS, sockets and files."""
