"""What takes several floors: no HTTP here."""
