"""Continue sequences: the parts behind LanguageModel."""
