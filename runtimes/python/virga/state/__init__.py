"""Shared state, as functions use it: `ctx.state`."""
