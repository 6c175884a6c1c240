"""Text to text: set one scalar and keep every other byte. Pure."""
