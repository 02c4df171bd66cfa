"""Recorded runs on screen: their list, their differences, their words."""
