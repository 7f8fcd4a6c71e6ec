"""Messages to people: sending, wording and what people say about them."""
