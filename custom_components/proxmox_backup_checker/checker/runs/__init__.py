"""What ran: which job a run belonged to, and how each guest fared in it."""
