"""Libraries of other distributions: find, check, graft, preload, repair."""
