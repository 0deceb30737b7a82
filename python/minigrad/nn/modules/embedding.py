"""A table of vectors, looked up by number."""

from __future__ import annotations

from typing import Any, Self

from minigrad.nn import init
from minigrad.nn._array import lasting
from minigrad.nn._dtype import get_default_dtype, to_dtype
from minigrad.nn._graph import no_grad
from minigrad.nn._ops import functions
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn.modules.module import Module, Parameter

__all__ = ["Embedding"]


class Embedding(Module):
    """Table of vectors, looked up by number.

    Parameters
    ----------
    num_embeddings : int
        Rows of the table.
    embedding_dim : int
        Extent of a vector.
    padding_idx : int, optional
        A row that begins as zeros and gets no gradient; negative ones count from the end.
    max_norm : float, optional
        Scale the rows used down to this norm, in place.
    norm_type : float, default 2.0
        Order of that norm.
    scale_grad_by_freq : bool, default False
        Divide a row's gradient by how often it was used.
    sparse : bool, default False
        Accepted; gradients are dense.
    device : optional
        The CPU.
    dtype : dtype, optional
        Of the table.

    Attributes
    ----------
    weight : Parameter of shape (num_embeddings, embedding_dim)
        Standard normal at first.

    Raises
    ------
    ValueError
        If `padding_idx` is not one of a row.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.Embedding(10, 3)(mg.tensor([[1, 2], [4, 5]])).shape
    (2, 2, 3)
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise ValueError(
                    f"Embedding: Padding_idx must be within num_embeddings, {num_embeddings}; got {padding_idx}"
                )
            padding_idx %= num_embeddings
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        kind = get_default_dtype() if dtype is None else to_dtype(dtype)
        self.weight = Parameter(fresh(lasting((num_embeddings, embedding_dim), kind.numpy)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the table anew."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight._data[self.padding_idx] = 0

    def forward(self, input: Tensor) -> Tensor:
        """Return the rows at the numbers of `input`.

        Parameters
        ----------
        input : Tensor
        """
        return functions["embedding"](  # type: ignore[no-any-return]
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """Return a layer over a given table.

        Parameters
        ----------
        embeddings : Tensor of shape (num_embeddings, embedding_dim)
        freeze : bool, default True
            Whether the table does not learn.
        padding_idx : int, optional
        max_norm : float, optional
        norm_type : float, default 2.0
        scale_grad_by_freq : bool, default False
        sparse : bool, default False

        Returns
        -------
        Embedding

        Raises
        ------
        ValueError
            If the table is not two-dimensional.
        """
        if embeddings.ndim != 2:
            raise ValueError(f"Embedding: embeddings parameter is expected to be 2-dimensional; got {embeddings.shape}")
        rows, size = embeddings.shape
        made = cls(rows, size, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        made.weight = Parameter(embeddings, not freeze)
        return made

    def extra_repr(self) -> str:
        """Return the sizes and the options that differ from the defaults."""
        parts = [f"{self.num_embeddings}, {self.embedding_dim}"]
        defaults = {"padding_idx": None, "max_norm": None, "norm_type": 2.0, "scale_grad_by_freq": False}
        parts += [f"{name}={getattr(self, name)}" for name, usual in defaults.items() if getattr(self, name) != usual]
        return ", ".join(parts)
