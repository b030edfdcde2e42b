"""What an operator may know: whether the server is well, and its numbers. Never what people say."""
