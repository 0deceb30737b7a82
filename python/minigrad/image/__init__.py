"""Images: inverse-mapped warps, of one or of many small images at once; filters; colour matrices.

Integer coordinates (x, y) are the centres of pixels, x to the right, y down; images are
row-major, (height, width) or (height, width, channels), uint8, uint16, float32 or float64.
Angles are counter-clockwise.
"""

from minigrad.image._color import (
    apply_color,
    brightness_matrix,
    contrast_matrix,
    greyscale_matrix,
    hue_matrix,
    invert_matrix,
    premultiply,
    saturation_matrix,
    sepia_matrix,
    unpremultiply,
)
from minigrad.image._composition import Composition
from minigrad.image._displace import displace, smooth_fields
from minigrad.image._filter import convolve, gaussian_blur, gradient_magnitude, unsharp_mask
from minigrad.image._homography import homography
from minigrad.image._png import undo_row_filters
from minigrad.image._warp import affine, warp

__all__ = [
    "Composition",
    "affine",
    "apply_color",
    "brightness_matrix",
    "contrast_matrix",
    "convolve",
    "displace",
    "gaussian_blur",
    "gradient_magnitude",
    "greyscale_matrix",
    "homography",
    "hue_matrix",
    "invert_matrix",
    "premultiply",
    "saturation_matrix",
    "sepia_matrix",
    "smooth_fields",
    "undo_row_filters",
    "unpremultiply",
    "unsharp_mask",
    "warp",
]
