"""Worklist → files: CSV for spreadsheets, JSON Lines for programs, HTML for people; pages of the other commands."""
