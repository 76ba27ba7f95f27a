"""Shared libraries of other distributions: find them, check links to them, repair wheels that link to them."""
