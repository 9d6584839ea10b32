"""How problems are shown: as text for people, and in the forms that machines read."""
