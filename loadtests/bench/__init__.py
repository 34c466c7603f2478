"""Benchmarks that print ratios of one run: absolute figures of a shared machine mean little."""
