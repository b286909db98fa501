"""Six decoders and their parts."""
