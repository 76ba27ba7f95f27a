"""What pip takes, and why: verdict, rank, index, what is installed."""
