"""detect_anomaly: the operation whose gradient is not a number is named."""

import pytest

import minigrad as mg
from minigrad.nn import _graph

pytestmark = pytest.mark.native


def broken():
    x = mg.tensor([0.0, 1.0], requires_grad=True)
    y = x.sqrt()  # here
    (y * 0.0).sum().backward()


def test_the_operation_and_its_line_are_named():
    with mg.autograd.detect_anomaly(), pytest.raises(RuntimeError) as error:
        broken()
    assert "SqrtBackward0" in str(error.value) and "y = x.sqrt()  # here" in str(error.value)
    assert "returned nan for the gradient of its input 0" in str(error.value)


def test_it_is_off_otherwise():
    visit = _graph._Walk.visit
    broken()
    with mg.autograd.detect_anomaly(), mg.autograd.detect_anomaly():
        pass
    with mg.autograd.detect_anomaly(check_nan=False):
        broken()
    assert _graph._Walk.visit is visit
    with mg.autograd.set_detect_anomaly(True), pytest.raises(RuntimeError):
        broken()
    mg.autograd.set_detect_anomaly(True)
    with mg.autograd.set_detect_anomaly(False):
        broken()
    with pytest.raises(RuntimeError):
        broken()
    mg.autograd.set_detect_anomaly(False)
    broken()
    assert _graph._Walk.visit is visit


def test_right_gradients_pass():
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    with mg.autograd.detect_anomaly():
        (x * x).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]
