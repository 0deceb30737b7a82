"""Transforms of pictures: exact results on small ones, distributions of the random ones."""

import numpy as np
import pytest
from PIL import Image

import minigrad as mg
from minigrad.nn._random import default_generator
from minigrad.nn._tensor import Tensor, fresh
from minigrad.vision import transforms as T  # noqa: N812
from minigrad.vision.transforms import functional as F  # noqa: N812
from minigrad.vision.transforms._fixed import batched

pytestmark = pytest.mark.native

PIXELS = (np.arange(5 * 7 * 3) * 7 % 256).astype(np.uint8).reshape(5, 7, 3)


def forms(pixels=PIXELS):
    """One picture as Pillow has it, as an array, and as a tensor."""
    return [Image.fromarray(pixels), pixels.copy(), fresh(np.ascontiguousarray(pixels.transpose(2, 0, 1)))]


def pixels_of(picture):
    if isinstance(picture, Tensor):
        return picture._data.transpose(1, 2, 0)
    return np.asarray(picture)


@pytest.fixture(autouse=True)
def seeded():
    default_generator.manual_seed(3)


@pytest.mark.parametrize("form", range(3))
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (F.hflip, PIXELS[:, ::-1]),
        (F.vflip, PIXELS[::-1]),
        (T.CenterCrop(3), PIXELS[1:4, 2:5]),
        (T.CenterCrop((5, 1)), PIXELS[:, 3:4]),
        (lambda p: F.crop(p, 1, 2, 2, 3), PIXELS[1:3, 2:5]),
        (lambda p: F.crop(p, -1, 5, 3, 4), np.pad(PIXELS, ((1, 0), (0, 2), (0, 0)))[:3, 5:]),
        (lambda p: F.crop(p, 9, 9, 2, 2), np.zeros((2, 2, 3), np.uint8)),
        (T.Pad(1), np.pad(PIXELS, ((1, 1), (1, 1), (0, 0)))),
        (T.Pad((1, 2, 3, 0), 9), np.pad(PIXELS, ((2, 0), (1, 3), (0, 0)), constant_values=9)),
        (T.Pad((2, 1), padding_mode="reflect"), np.pad(PIXELS, ((1, 1), (2, 2), (0, 0)), "reflect")),
        (lambda p: F.rotate(p, 180), PIXELS[::-1, ::-1]),
        (lambda p: F.affine(p, 0, (2, 1), 1.0, 0), np.pad(PIXELS, ((1, 0), (2, 0), (0, 0)))[:5, :7]),
        (lambda p: F.adjust_brightness(p, 0.5), (PIXELS * np.float32(0.5)).astype(np.uint8)),
        (lambda p: F.adjust_saturation(p, 1.0), PIXELS),
        (T.Resize((5, 7), "nearest"), PIXELS),
        (T.Lambda(lambda p: p), PIXELS),
    ],
)
def test_every_form_gives_the_same(form, change, expected):
    picture = forms()[form]
    result = change(picture)
    assert type(result) is type(picture)
    np.testing.assert_array_equal(pixels_of(result), expected)


@pytest.mark.parametrize("size", [3, 10, (4, 9), [6]])
def test_resize_is_pillows(size):
    result = T.Resize(size)(Image.fromarray(PIXELS))
    short = size if isinstance(size, int) else size[0]
    width, height = (size[1], size[0]) if isinstance(size, tuple) else (int(short * 7 / 5), short)
    expected = Image.fromarray(PIXELS).resize((width, height), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(np.asarray(result), np.asarray(expected))


def test_to_tensor_and_back():
    tensor = T.ToTensor()(Image.fromarray(PIXELS))
    assert tensor.shape == (3, 5, 7) and tensor._data.dtype == np.float32
    np.testing.assert_array_equal(tensor._data, (PIXELS / np.float32(255)).transpose(2, 0, 1).astype(np.float32))
    assert T.ToTensor()(np.zeros((4, 6), np.uint8)).shape == (1, 4, 6)
    assert T.ToTensor()(Image.new("L", (6, 4))).shape == (1, 4, 6)
    assert T.ToTensor()(Image.new("1", (6, 4))).shape == (1, 4, 6)
    assert T.ToTensor()(np.ones((2, 2), np.float64))._data.dtype == np.float64
    np.testing.assert_array_equal(np.asarray(T.ToPILImage()(T.PILToTensor()(PIXELS))), PIXELS)
    assert np.abs(np.asarray(T.ToPILImage()(tensor)).astype(int) - PIXELS).max() <= 1


def test_normalize():
    tensor = T.ToTensor()(PIXELS)
    result = T.Normalize((0.1, 0.2, 0.3), (0.5, 0.6, 0.7))(tensor)
    for c in range(3):
        expected = (tensor._data[c] - np.float32((c + 1) / 10)) / np.float32((c + 5) / 10)
        np.testing.assert_allclose(result._data[c], expected, rtol=1e-6)
    same = T.Normalize((0.5,), (0.5,), inplace=True)(tensor)
    assert same is tensor
    with pytest.raises(ValueError, match="std must not be 0"):
        T.Normalize((0.5,), (0.0,))(tensor)
    with pytest.raises(TypeError, match="must be a floating-point Tensor; got minigrad.uint8"):
        T.Normalize((0.5,), (0.5,))(T.PILToTensor()(PIXELS))
    with pytest.raises(ValueError, match=r"must be \(channels, height, width\); got shape \(3,\)"):
        T.Normalize((0.5,), (0.5,))(mg.ones(3))


def test_grey_and_colours():
    grey = np.asarray(T.Grayscale()(Image.fromarray(PIXELS)))
    reference = np.asarray(Image.fromarray(PIXELS).convert("L"))
    assert np.abs(grey.astype(int) - reference).max() <= 1
    assert np.asarray(T.Grayscale(3)(Image.fromarray(PIXELS))).shape == (5, 7, 3)
    flat = F.adjust_contrast(PIXELS, 0.0)
    assert flat.min() == flat.max()
    assert (F.adjust_saturation(PIXELS, 0.0).std(axis=2) == 0).all()
    assert (F.adjust_brightness(PIXELS, 100.0)[PIXELS > 2] == 255).all()
    jitter = T.ColorJitter(brightness=0.4, contrast=(0.5, 1.5), saturation=0.2)
    results = {jitter(PIXELS).tobytes() for _ in range(5)}
    assert len(results) == 5 and T.ColorJitter()(PIXELS) is PIXELS
    with pytest.raises(ValueError, match="hue must be 0"):
        T.ColorJitter(hue=0.1)


def test_random_crop_reaches_every_place():
    crop = T.RandomCrop((3, 4))
    places = {crop(PIXELS).tobytes() for _ in range(400)}
    assert places == {PIXELS[y : y + 3, x : x + 4].tobytes() for y in range(3) for x in range(4)}
    padded = np.pad(PIXELS, ((2, 2), (2, 2), (0, 0)))
    found = T.RandomCrop(5, padding=2)(PIXELS)
    assert any((padded[y : y + 5, x : x + 5] == found).all() for y in range(5) for x in range(7))
    assert T.RandomCrop(9, pad_if_needed=True)(PIXELS).shape == (9, 9, 3)
    with pytest.raises(ValueError, match=r"size must fit into the picture of \(5, 7\); got \(6, 6\)"):
        T.RandomCrop(6)(PIXELS)


@pytest.mark.parametrize("flip", [T.RandomHorizontalFlip, T.RandomVerticalFlip])
def test_flips_have_their_probability(flip):
    assert flip(0.0)(PIXELS) is PIXELS and not (flip(1.0)(PIXELS) == PIXELS).all()
    n = 2000
    count = sum(flip(0.3)(PIXELS) is not PIXELS for _ in range(n))
    assert abs(count - 0.3 * n) < 5 * (n * 0.3 * 0.7) ** 0.5
    with pytest.raises(ValueError, match="p must be"):
        flip(1.5)


def test_other_random_ones():
    square = np.zeros((9, 9), np.uint8)
    square[2:7, 4] = 255
    assert len({T.RandomRotation(30)(square).tobytes() for _ in range(8)}) > 1
    assert T.RandomRotation((90, 90))(square)[4].tolist() == square[:, 4].tolist()
    change = T.RandomAffine(10, translate=(0.2, 0.2), scale=(0.8, 1.2), shear=5)
    assert len({change(square).tobytes() for _ in range(8)}) > 1
    assert (T.RandomAffine(0)(square) == square).all()
    assert T.RandomAffine(0, shear=(0, 0, 0, 0))(square).shape == square.shape
    blanked = T.RandomErasing(1.0, value=9.0)(mg.zeros(1, 20, 20))._data
    assert 0 < (blanked == 9).sum() < 400 and T.RandomErasing(0.0)(PIXELS) is PIXELS
    assert T.RandomApply([T.Lambda(lambda p: 3)], p=1.0)(PIXELS) == 3
    assert T.RandomApply([T.Lambda(lambda p: 3)], p=0.0)(PIXELS) is PIXELS


def test_a_seed_repeats_everything():
    change = T.Compose([T.RandomCrop(4, padding=1), T.RandomHorizontalFlip(), T.RandomRotation(20), T.ColorJitter(0.5)])
    mg.manual_seed(5)
    first = change(PIXELS)
    mg.manual_seed(5)
    np.testing.assert_array_equal(change(PIXELS), first)


def test_batches_are_the_pictures_one_by_one():
    images = np.stack([np.roll(PIXELS, i, axis=1) for i in range(6)])
    fixed = T.Compose([T.ToTensor(), T.Normalize((0.5, 0.4, 0.3), (0.2, 0.3, 0.4))])
    whole = batched(fixed)(images)
    np.testing.assert_array_equal(whole._data, np.stack([fixed(image)._data for image in images]))
    assert batched(T.Compose([T.ToTensor(), T.ColorJitter(0.1)])) is None
    assert batched(T.RandomCrop(3, padding=(1, 2))) is None
    flips = batched(T.Compose([T.RandomHorizontalFlip(1.0), T.RandomVerticalFlip(1.0), T.ToTensor()]))(images)
    np.testing.assert_array_equal(flips._data, T.ToTensor().batch(images[:, ::-1, ::-1])._data)
    late = batched(T.Compose([T.ToTensor(), T.RandomHorizontalFlip(1.0), T.RandomVerticalFlip(1.0)]))(images)
    np.testing.assert_array_equal(late._data, flips._data)
    for crop in (T.RandomCrop(4, padding=1), T.RandomCrop((4, 5))):
        border = crop.padding or 0
        padded = np.pad(images, ((0, 0), (border, border), (border, border), (0, 0)))
        h, w = crop.size
        for i, found in enumerate(batched(crop)(images)):
            assert any(
                (padded[i, y : y + h, x : x + w] == found).all()
                for y in range(padded.shape[1] - h + 1)
                for x in range(padded.shape[2] - w + 1)
            )
    assert batched(T.RandomCrop(4))(T.ToTensor().batch(images)).shape == (6, 3, 4, 4)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda: T.ToTensor()("x.png"), TypeError, "must be a Pillow image, an array or a Tensor; got str"),
        (lambda: T.ToTensor()(mg.ones(2, 2)), TypeError, "must be a Pillow image or an array; got Tensor"),
        (lambda: F.hflip(np.zeros(3)), ValueError, r"an array must be .*; got shape \(3,\)"),
        (lambda: F.hflip(mg.ones(3)), ValueError, r"a tensor must be .*; got shape \(3,\)"),
        (lambda: T.CenterCrop((1, 2, 3)), ValueError, "size must be one number or two"),
        (lambda: T.CenterCrop(0), ValueError, "size must be an int >= 1"),
        (lambda: T.Pad((1, 2, 3))(PIXELS), ValueError, "padding must be 1, 2 or 4 numbers"),
        (lambda: T.Pad(1, padding_mode="mirror")(PIXELS), ValueError, "padding_mode must be one of"),
        (lambda: T.RandomRotation(-1), ValueError, "degrees must be"),
        (lambda: T.RandomRotation((1, 2, 3)), ValueError, "degrees must be one number or two"),
        (lambda: T.Resize(3, "cubic")(PIXELS), ValueError, "interpolation must be one of"),
        (lambda: T.Lambda(3), TypeError, "lambd must be callable"),
    ],
)
def test_refusals(change, error, message):
    with pytest.raises(error, match=message):
        change()


def test_descriptions():
    text = repr(T.Compose([T.ToTensor(), T.Normalize((0.5,), (0.5,)), T.Resize(3), T.CenterCrop(2), T.Pad(1)]))
    assert text.startswith("Compose(\n    ToTensor()\n    Normalize(mean=(0.5,), std=(0.5,))\n")
    for transform in (T.RandomCrop(3), T.RandomRotation(3), T.RandomAffine(3), T.ColorJitter(0.1), T.RandomErasing()):
        assert repr(transform).startswith(type(transform).__name__)


def test_interpolation_modes_are_names():
    assert T.Resize(3, T.InterpolationMode.NEAREST)(PIXELS).shape[0] == 3
    assert F.rotate(PIXELS, 10, T.InterpolationMode.BILINEAR).shape == PIXELS.shape
