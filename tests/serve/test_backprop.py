"""The laboratory's interface: answers, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigrad import serve
from minigrad.projects.backprop_viz._playground import Choice, Playground

pytestmark = pytest.mark.native


@pytest.fixture
def playground() -> Playground:
    return Playground(Choice())


@pytest.fixture
def client(playground: Playground) -> Any:
    return serve.backprop_app(playground).test_client()


def test_the_page_and_its_files_are_served(client: Any) -> None:
    for path, words in (
        ("/", b'<canvas id="network"'),
        ("/static/backprop.js", b"drawNetwork"),
        ("/static/backprop.css", b"#tip"),
    ):
        with client.get(path) as answer:
            assert words in answer.data
    assert client.get("/static/../backprop.py").status_code == 404


def test_the_state_is_the_laboratorys(client: Any, playground: Playground) -> None:
    state = client.get("/state").json
    assert state["n_parameters"] == 37
    assert state["layers"][0]["weight_grad"] == playground.lab.record.layers[0].weight_grad.tolist()
    assert np.shape(state["map"]) == (32, 32)
    one = client.get("/state?sample=7").json
    layer, record = one["layers"][1], playground.lab.record.layers[1]
    product = 200 * np.outer(record.deltas[7], record.inputs[7])
    assert np.allclose(layer["weight_grad"], product, rtol=1e-12)


def test_steps_time_and_weights(client: Any, playground: Playground) -> None:
    assert client.post("/step", json={"n": 25}).json["step"] == 25
    assert client.post("/time", json={"time": 10}).json["step"] == 10
    place = {"layer": 0, "to": 1, "source": 1}
    answer = client.post("/check", json=place).json
    assert answer["difference"] == pytest.approx(answer["gradient"], rel=1e-6, abs=1e-9)
    state = client.post("/weight", json={**place, "value": 1.5}).json
    assert state["layers"][0]["weight"][1][1] == 1.5
    assert state["last_step"] == 10
    assert client.post("/change", json={"activations": ["relu", "relu"]}).json["choice"]["activations"] == ["relu"] * 2


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("/step", {"n": 0}, "n must be an int from 1"),
        ("/step", {"n": "many"}, "n must be an int"),
        ("/step", [1], "must be a JSON object"),
        ("/time", {}, "time must be an int"),
        ("/weight", {"layer": 9, "to": 0, "source": 0, "value": 1}, "there is no layer 9"),
        ("/weight", {"layer": 0, "to": 0, "source": 0, "value": "x"}, "value must be a number"),
        ("/check", {"layer": 0, "to": 44, "source": 0}, "has 4 x 2 weights"),
        ("/change", {"speed": 1}, "there is no knob"),
        ("/change", {"hidden": [99]}, "1 to 32 nodes"),
        ("/change", {"lr": "fast"}, ""),
    ],
)
def test_what_is_refused_is_said(client: Any, path: str, content: Any, message: str) -> None:
    answer = client.post(path, json=content)
    assert answer.status_code == 400
    assert message in answer.json["error"]


def test_an_unknown_sample_is_refused(client: Any) -> None:
    assert client.get("/state?sample=200").status_code == 400
