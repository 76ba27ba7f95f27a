"""Extended tags ↔ wheel variants (PEP 825 and PEP 850, both drafts)."""
