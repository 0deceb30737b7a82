"""Photographs in files: every kind is read as it is meant, every bad file is refused by name."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from minigrad import DataError, datasets
from minigrad.datasets import encode_photo, read_photo
from minigrad.datasets._png16 import decode_png16


def noise(*shape: int, dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(5).integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def save(path: Path, picture: Image.Image, **options: object) -> Path:
    picture.save(path, **options)
    return path


# What is read


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 2), (5, 7, 3), (5, 7, 4)])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_pixels_come_back_bit_for_bit(tmp_path: Path, shape: tuple[int, ...], suffix: str) -> None:
    pixels = noise(*shape)
    path = tmp_path / f"a.{suffix}"
    data, notes = encode_photo(pixels, path)
    path.write_bytes(data)
    assert np.array_equal(read_photo(path).pixels, pixels)
    assert notes == ()


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_grey_of_16_bits_is_kept(tmp_path: Path, suffix: str) -> None:
    pixels = noise(6, 4, dtype=np.uint16)
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(encode_photo(pixels, path)[0])
    photo = read_photo(path)
    assert np.array_equal(photo.pixels, pixels)
    assert photo.kind == "grey, 16 bits"


def png(width: int, height: int, type_: int, rows: bytes, *, interlaced: int = 0, extra: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 16, type_, 0, 0, interlaced)
    body = chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def unfiltered(pixels: np.ndarray) -> bytes:
    return b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)


@pytest.mark.parametrize("channels", [2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (300, 5), (7, 11)])
def test_colour_of_16_bits_is_kept(tmp_path: Path, channels: int, size: tuple[int, int]) -> None:
    pixels = noise(*size, channels, dtype=np.uint16)
    pixels[: size[0] // 2] = np.arange(size[1])[:, None] * 300  # something for the filters
    path = tmp_path / "deep.png"
    data, notes = encode_photo(pixels, path, profile=b"profile" * 9)
    path.write_bytes(data)
    photo = read_photo(path)
    assert np.array_equal(photo.pixels, pixels)
    assert photo.kind.endswith("16 bits") and (photo.notes, notes) == ((), ())
    assert photo.profile == b"profile" * 9
    with Image.open(path) as picture:  # which keeps the upper bytes
        assert np.array_equal(np.asarray(picture)[..., -channels:], pixels >> 8)


def test_colour_of_16_bits_interlaced(tmp_path: Path) -> None:
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    path = tmp_path / "deep.png"
    for size in ((1, 1), (3, 2), (5, 9), (17, 16)):
        pixels = noise(*size, 3, dtype=np.uint16)
        parts = [pixels[row::down, column::right] for row, column, down, right in passes]
        path.write_bytes(png(size[1], size[0], 2, b"".join(unfiltered(p) for p in parts if p.size), interlaced=1))
        assert np.array_equal(read_photo(path).pixels, pixels)


def test_colour_of_16_bits_turned_and_with_a_clear_colour(tmp_path: Path) -> None:
    pixels, path = noise(4, 6, 3, dtype=np.uint16), tmp_path / "deep.png"
    small = Image.fromarray((pixels >> 8).astype(np.uint8))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        path.write_bytes(png(6, 4, 2, unfiltered(pixels), extra=chunk(b"eXIf", exif.tobytes()[6:])))
        photo = read_photo(path)
        small.save(tmp_path / "small.png", exif=exif)
        assert np.array_equal(photo.pixels >> 8, read_photo(tmp_path / "small.png").pixels)
        assert len(photo.notes) == (orientation > 1)
    path.write_bytes(png(6, 4, 2, unfiltered(pixels), extra=chunk(b"tRNS", pixels[1, 2].astype(">u2").tobytes())))
    photo = read_photo(path)
    assert np.array_equal(photo.pixels[..., :3], pixels)
    assert photo.pixels[..., 3].tolist() == [[0 if (i, j) == (1, 2) else 65535 for j in range(6)] for i in range(4)]


def test_damaged_colour_of_16_bits_is_refused() -> None:
    whole = png(6, 4, 2, unfiltered(noise(4, 6, 3, dtype=np.uint16)))
    assert decode_png16(whole).shape == (4, 6, 3)
    for cut in range(len(whole) - 12):
        with pytest.raises(ValueError, match="cut short|ends before"):
            decode_png16(whole[:cut])
    broken = bytearray(whole)
    broken[50] ^= 1
    with pytest.raises(ValueError, match="another checksum"):
        decode_png16(bytes(broken))
    with pytest.raises(ValueError, match="holds 0 of 148 bytes"):
        decode_png16(png(6, 4, 2, b""))
    with pytest.raises(ValueError, match="filters must be from 0 to 4; got 9"):
        decode_png16(png(1, 1, 2, b"\x09" + bytes(6)))
    with pytest.raises(ValueError, match="header is damaged"):
        decode_png16(png(6, 4, 2, b"", interlaced=2))
    # A bomb: all that it holds beyond its pixels is left packed.
    assert decode_png16(png(1, 1, 2, bytes(10**6))).shape == (1, 1, 3)


@given(st.binary(max_size=200), st.integers(0, 9), st.integers(0, 9), st.sampled_from([2, 4, 6]), st.integers(0, 1))
def test_any_rows_of_16_bits_are_read_or_refused(
    rows: bytes, width: int, height: int, type_: int, interlaced: int
) -> None:
    try:
        pixels = decode_png16(png(width, height, type_, rows, interlaced=interlaced))
    except ValueError:
        return
    assert pixels.shape == (height, width, {2: 3, 4: 2, 6: 4}[type_])


def test_colour_of_16_bits_in_tiff_says_that_it_is_read_as_8(tmp_path: Path) -> None:
    fields = [(256, 3, 1, 2), (257, 3, 1, 2), (258, 3, 3, 134), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 140)]
    fields += [(277, 3, 1, 3), (278, 3, 1, 2), (279, 4, 1, 24)]
    entries = b"".join(struct.pack("<HHII", *field) for field in fields)
    data = b"II*\0" + struct.pack("<IH", 8, len(fields)) + entries + bytes(4)
    data = data.ljust(134, b"\0") + struct.pack("<3H", 16, 16, 16) + np.full((2, 2, 3), 0x1234, "<u2").tobytes()
    path = tmp_path / "deep.tif"
    path.write_bytes(data)
    photo = read_photo(path)
    assert (photo.pixels == 0x12).all()
    assert photo.notes == ("16 bits per channel read as 8",)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_upright(tmp_path: Path, orientation: int) -> None:
    upright = noise(4, 6, 3)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "a.png", Image.fromarray(np.ascontiguousarray(stored)), exif=exif)
    photo = read_photo(path)
    assert np.array_equal(photo.pixels, upright)
    assert len(photo.notes) == (orientation != 1)


def test_palettes_cmyk_and_black_and_white_are_turned_into_what_can_be_computed_with(tmp_path: Path) -> None:
    rgb = Image.fromarray(noise(8, 8, 3))
    palette = rgb.quantize(16)
    assert read_photo(save(tmp_path / "p.png", palette)).notes == ("palette turned into RGB",)
    clear = read_photo(save(tmp_path / "t.png", palette, transparency=3))
    assert (clear.notes, clear.pixels.shape) == (("palette turned into RGBA",), (8, 8, 4))
    cmyk = read_photo(save(tmp_path / "c.jpg", rgb.convert("CMYK")))
    assert (cmyk.notes, cmyk.pixels.shape) == (("CMYK turned into RGB",), (8, 8, 3))
    ink = read_photo(save(tmp_path / "b.png", rgb.convert("1")))
    assert (ink.notes, set(np.unique(ink.pixels))) == (("black and white turned into L",), {0, 255})
    floats = read_photo(save(tmp_path / "f.tif", Image.fromarray(np.array([[-1.0, 0, 1]], np.float32))))
    assert floats.pixels.tolist() == [[0, 32768, 65535]]
    assert floats.notes == ("values from -1 to 1 stretched to 16 bits",)


def test_real_photographs_are_read(data_path) -> None:
    photo = read_photo(data_path("photos/chapel_floor.png"))
    assert (photo.pixels.shape, photo.notes) == ((277, 376, 3), ("palette turned into RGB",))
    assert read_photo(data_path("photos/spices.jpg")).pixels.shape == (683, 1024, 3)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
def test_a_colour_profile_goes_along(tmp_path: Path, suffix: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(encode_photo(noise(5, 5, 3), path, profile=profile)[0])
    assert read_photo(path).profile == profile
    cmyk = save(tmp_path / "c.jpg", Image.new("CMYK", (4, 4)), icc_profile=profile)
    assert read_photo(cmyk).profile is None


# What is refused


def test_animations_need_a_frame(tmp_path: Path) -> None:
    frames = [Image.fromarray(np.full((4, 4), v, np.uint8)) for v in (0, 100, 200)]
    for name in ("a.gif", "a.png", "a.webp", "a.tif"):
        path = save(tmp_path / name, frames[0], save_all=True, append_images=frames[1:])
        with pytest.raises(DataError, match=r"animated or has pages \(3 frames\); choose one with --frame 0 to 2"):
            read_photo(path)
        second = read_photo(path, frame=1)
        assert abs(int(second.pixels[0, 0].flat[0]) - 100) <= 2
        assert "frame 1 of 3" in second.notes
        with pytest.raises(DataError, match="got frame 3"):
            read_photo(path, frame=3)


def test_bombs_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    for side in (11_000, 40_000):
        path = tmp_path / f"{side}.png"
        Image.new("1", (side, side)).save(path)
        with pytest.raises(DataError, match="make it smaller first"):
            read_photo(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"hello, world", r"not a picture in a known format \(it begins with b'hello, w'\)"),
        (b"GIF89a\0\0\0\0\0\0\0;", "there is nothing to show|damaged|known format"),
        (b"P5 0 4 255\n", "damaged|known format|nothing to show"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "bad"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message):
        read_photo(path)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        read_photo(tmp_path / "no.png")
    with pytest.raises(DataError, match="cannot be read"):
        read_photo(tmp_path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "tif", "bmp", "webp", "ppm"])
def test_files_cut_short_are_refused_or_shown(tmp_path: Path, suffix: str) -> None:
    whole = encode_photo(noise(24, 31, 3), f"a.{suffix}")[0]
    path = tmp_path / f"a.{suffix}"
    refused = 0
    for length in range(1, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:length])
        try:
            read_photo(path)
        except DataError:
            refused += 1
    assert refused > 20


WHOLE = {s: encode_photo(noise(9, 13, 3), f"a.{s}")[0] for s in ("png", "jpg", "gif", "tif", "bmp", "webp", "ppm")}


@pytest.mark.parametrize("suffix", WHOLE)
@given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=6))
def test_damage_is_refused_or_shown_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(WHOLE[suffix])
    for at, value in changes:
        # Headers are where damage tells.
        data[at % (len(data) if at % 2 else min(64, len(data)))] = value
    path = tmp_path_factory.getbasetemp() / f"damaged.{suffix}"
    path.write_bytes(data)
    try:
        photo = read_photo(path)
    except DataError as error:
        assert str(error).startswith(str(path))
    else:
        assert photo.pixels.dtype in (np.uint8, np.uint16)
        assert photo.pixels.ndim in (2, 3)


# What is written


def test_what_a_format_cannot_keep_is_said() -> None:
    clear = np.array([[[10, 20, 30, 0], [10, 20, 30, 255]]], np.uint8).repeat(8, 0).repeat(8, 1)
    data, notes = encode_photo(clear, "a.jpg")
    assert notes == ("laid on white, because JPEG has no transparency",)
    with Image.open(io.BytesIO(data)) as picture:
        assert np.asarray(picture)[0, 0].min() > 245
        assert np.abs(np.asarray(picture)[0, -1].astype(int) - [10, 20, 30]).max() < 8
    data, notes = encode_photo(np.full((2, 2), 65535, np.uint16), "a.jpg")
    assert notes == ("16 bits rounded to 8, all that JPEG takes here",)
    assert encode_photo(noise(3, 3, 3), "a.gif")[1] == ("256 colours, all that GIF has",)
    assert encode_photo(noise(3, 3, 2), "a.bmp")[1] == ("laid on white, because BMP has no transparency",)


def test_every_grey_level_of_8_bits_survives_16() -> None:
    levels = (np.arange(256, dtype=np.uint16) * 257)[None]
    with Image.open(io.BytesIO(encode_photo(levels, "a.bmp")[0])) as picture:
        assert np.asarray(picture)[0].tolist() == list(range(256))


@pytest.mark.parametrize("name", ["a", "a.doc", "a.png.gz"])
def test_unknown_suffixes_are_refused(name: str) -> None:
    with pytest.raises(DataError, match=r"must end in \.bmp"):
        encode_photo(noise(2, 2), name)


def test_a_picture_too_wide_for_its_format_is_refused() -> None:
    with pytest.raises(DataError, match="JPEG cannot hold"):
        encode_photo(np.zeros((1, 70_000), np.uint8), "a.jpg")


def test_the_embedded_photograph_is_one() -> None:
    assert read_photo(datasets.photo_path()).format == "JPEG"
