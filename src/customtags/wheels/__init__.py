"""Reading and writing wheels."""
