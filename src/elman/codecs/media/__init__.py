"""Images, audio, video and MIDI in files."""
