"""Time and state: windows, bookmarks, re-checks. Pure."""
