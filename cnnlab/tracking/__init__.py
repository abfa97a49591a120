"""What a run leaves on disk: its record, its pictures, its predictions."""
