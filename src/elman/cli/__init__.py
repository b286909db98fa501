"""The command line: one file for each verb. Nothing here imports torch before a verb needs it."""

from elman.cli.app import main as main
