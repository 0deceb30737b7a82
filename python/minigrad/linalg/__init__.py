"""Vectors, matrices, factorisations, eigenvectors."""
