"""Warnings about targets that leak into inputs."""

from elman.leakage.alarm import Alarm as Alarm
from elman.leakage.alarm import LeakError as LeakError
from elman.leakage.alarm import LeakWarning as LeakWarning
