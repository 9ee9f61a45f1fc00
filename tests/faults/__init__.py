"""Files as shares really hold them: damaged, hostile, misnamed, of every family, each with how it must end."""
