"""The differentiable twins of the room `linalg`, which hands tensors over to them."""

from __future__ import annotations

from minigrad._native import register_twins
from minigrad.nn._ops import contract, factor, linalg, matmul, metric, pattern, pseudo, reduce
from minigrad.nn._tensor import Tensor

register_twins(
    Tensor,
    {
        "LinAlgError": linalg.LinAlgError,
        "cholesky": factor.cholesky,
        "cond": metric.cond,
        "cross": metric.linalg_cross,
        "det": linalg.det,
        "diagonal": pattern.linalg_diagonal,
        "eigh": factor.eigh,
        "eigvalsh": factor.eigvalsh,
        "inv": linalg.inv,
        "lstsq": pseudo.lstsq,
        "matmul": matmul.matmul,
        "matrix_norm": metric.matrix_norm,
        "matrix_power": pseudo.matrix_power,
        "matrix_rank": metric.matrix_rank,
        "multi_dot": contract.multi_dot,
        "norm": metric.norm,
        "pinv": pseudo.pinv,
        "qr": factor.qr,
        "slogdet": linalg.linalg_slogdet,
        "solve": linalg.solve,
        "solve_triangular": linalg.solve_triangular,
        "svd": factor.svd,
        "svdvals": factor.svdvals,
        "vecdot": metric.vecdot,
        "vector_norm": reduce.vector_norm,
    },
)
