"""Bot players, the demo and the benchmarks."""
