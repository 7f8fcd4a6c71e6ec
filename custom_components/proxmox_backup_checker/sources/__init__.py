"""Reading: everything that the checker judges comes from here."""
