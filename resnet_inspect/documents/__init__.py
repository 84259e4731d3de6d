"""Answers to many questions, put together as one document: a Report whose sections hold pictures and tables."""
