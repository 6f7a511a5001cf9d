"""Findings as people and programs read them: terminal text, JSON Lines, and the cleaned corpus on disk."""
