"""What is known about an image beyond its digest: who signed for it, what it holds, what is bad."""
