"""What makes live equal desired, behind one interface."""
