"""What pip takes, and why: verdicts on wheels, rankings of the files of a project, indexes, and what is installed."""
