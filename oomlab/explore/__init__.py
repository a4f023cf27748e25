"""Explorers: turn a control, and see at once what the kernel would make of it."""
