"""Images: geometric warps, of one image or of many small ones.

An image is an array ``(height, width)`` or ``(height, width, channels)``, uint8 or float32.
Integer coordinates ``(x, y)`` are pixel centres, ``x`` to the right, ``y`` down.
"""

from minigrad.image._displace import displace, smooth_fields
from minigrad.image._warp import affine, warp

__all__ = ["affine", "displace", "smooth_fields", "warp"]
