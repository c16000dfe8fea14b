"""Demonstrations without a person: experts are run with disturbances, and what they meant to do is written down."""
