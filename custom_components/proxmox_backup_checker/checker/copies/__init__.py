"""Where else a guest's restore points lie: which server is behind a storage, what is copied from there, and how far that has come."""
