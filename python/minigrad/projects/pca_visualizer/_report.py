"""What is printed: the transcript's eigenvalue lines, the lines after it, the JSON object."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from minigrad import learn, ui
from minigrad.projects.pca_visualizer._analysis import FEWEST_SAMPLES, Analysis

__all__ = ["as_json", "eigenvalue_lines", "further_lines", "method_lines"]

# From here on an axis may point almost anywhere.
_UNKNOWN = math.radians(85.0)


def method(pca: Any) -> str:
    """Say how the eigenvectors of a fitted PCA were found."""
    if pca.solver != "auto":
        return f"{pca.solver} iteration"
    return "subspace iteration" if pca.n_iter_ else "a direct factorisation"


def method_lines(pca: Any) -> list[str]:
    """Say which way a fitted PCA went: by which matrix, and to its eigenvectors."""
    if pca.matrix_ is None:
        first = f"Passing over the data {pca.n_iter_} times, without its covariance matrix..."
    else:
        first = f"Computing {pca.matrix_} matrix..."
    return [first, f"Finding eigenvectors via {method(pca)}..."]


def eigenvalue_lines(pca: Any) -> list[str]:
    """Return one line per eigenvalue."""
    pairs = zip(pca.explained_variance_, pca.explained_variance_ratio_, strict=True)
    return [
        f"Eigenvalue {i}: {_number(value)} ({100 * share:.1f}% variance explained)"
        for i, (value, share) in enumerate(pairs, start=1)
    ]


def _number(value: float) -> str:
    """Write an eigenvalue with three decimals, or with four digits where those would say little."""
    return f"{value:.3f}" if value == 0 or 0.01 <= abs(value) < 1e6 else f"{value:.3e}"


def further_lines(result: Analysis) -> list[str]:
    """Return what follows the transcript: which data it was, and how far the result can be trusted."""
    pca = result.pca
    lines = list(result.source.lines)
    scale = "each feature was divided by its standard deviation (n - 1), so these are the correlation matrix's"
    plain = "the features were centred and kept their units, so these are the covariance matrix's"
    lines.append(f"Eigenvalues: {scale if pca.standardize else plain}.")
    if result.bootstrap is not None:
        lines.append(f"Bootstrap, {result.bootstrap.n_resamples:,} resamples, 95% intervals:")
        lines += _interval_table(result.bootstrap).splitlines()
    else:
        lines.append(f"Intervals: none, because {FEWEST_SAMPLES} samples are the fewest that can be resampled well.")
    lines += [_plane_line(group) for group in result.planes]
    if result.separation is not None or result.no_separation:
        lines.append(_separation_line(result))
    return lines


def _interval_table(boot: learn.BootstrapPCA) -> str:
    rows = [
        [
            f"  {j}",
            _number(value),
            f"{_number(low)} to {_number(high)}",
            f"{math.degrees(angle):.1f} degrees" if angle < _UNKNOWN else "unknown",
        ]
        for j, (value, (low, high), angle) in enumerate(
            zip(boot.eigenvalues, boot.intervals, boot.angles, strict=True), start=1
        )
    ]
    return ui.table(["  component", "eigenvalue", "interval", "axis within"], rows)


def _plane_line(group: tuple[int, ...]) -> str:
    names = f"{group[0] + 1} {'and' if len(group) == 2 else 'to'} {group[-1] + 1}"
    kind = "a plane" if len(group) == 2 else f"a space of {len(group)} dimensions"
    return (
        f"Components {names} have nearly equal eigenvalues: the data determines {kind}, "
        "and not the single axes within it."
    )


def _separation_line(result: Analysis) -> str:
    parted = result.separation
    if parted is None:
        return f"Separation of the classes: not measured ({result.no_separation})."
    source = result.source
    what = f"{len(source.class_names)} {source.class_title}"
    where = "first two components" if result.scores.shape[1] > 1 else "first component"
    pairs = "; ".join(f"{one} from {other} {100 * share:.1f}%" for one, other, share in parted.pairs)
    on = "" if parted.sampled is None else f" (on a sample of {parted.sampled:,})"
    return (
        f"Separation of the {what} on the {where}: a linear discriminant puts "
        f"{100 * parted.accuracy:.1f}% right, each sample judged without itself{f' ({pairs})' if pairs else ''}; "
        f"silhouette {parted.silhouette:.2f}{on}."
    )


def as_json(result: Analysis, picture: Path | None) -> dict[str, Any]:
    """Return the result as one object of plain values."""
    source, pca, boot, parted = result.source, result.pca, result.bootstrap, result.separation
    return {
        "program": "pca_visualizer",
        "data": {
            "name": source.name,
            "n_samples": len(source.values),
            "n_features": source.values.shape[1],
            "feature_names": list(source.feature_names),
            "class_names": list(source.class_names),
            "synthetic": source.synthetic,
            "notes": list(source.lines),
        },
        "standardized": bool(pca.standardize),
        "method": method(pca),
        "eigenvalues": pca.explained_variance_.tolist(),
        "explained_variance_ratio": pca.explained_variance_ratio_.tolist(),
        "components": pca.components_.tolist(),
        "bootstrap": None
        if boot is None
        else {
            "n_resamples": boot.n_resamples,
            "confidence": boot.confidence,
            "intervals": boot.intervals.tolist(),
            "axis_angles_degrees": [math.degrees(angle) for angle in boot.angles],
        },
        "near_equal": [[j + 1 for j in group] for group in result.planes],
        "separation": None
        if parted is None
        else {
            "accuracy": parted.accuracy,
            "pairs": [{"classes": [one, other], "accuracy": share} for one, other, share in parted.pairs],
            "silhouette": parted.silhouette,
            "silhouette_sample": parted.sampled,
        },
        "picture": None if picture is None else str(picture),
    }
