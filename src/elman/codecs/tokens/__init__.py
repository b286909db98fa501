"""Vocabularies, words, subwords and spelling."""
