"""One benchmark per room against the libraries the field trusts; run ``python -m benchmarks.ROOM``."""
