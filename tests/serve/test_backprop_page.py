"""The laboratory's page in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from minigrad import serve
from minigrad.projects.backprop_viz._playground import Choice, Playground

pytestmark = [pytest.mark.browser, pytest.mark.native]


@pytest.fixture
def playground() -> Playground:
    return Playground(Choice())


@pytest.fixture
def page(browser: Any, served: Callable[[Any], str], playground: Playground) -> Any:
    browser.get(served(serve.backprop_app(playground)))
    wait(browser, "return window.backprop.frames > 0")
    return browser


def wait(browser: Any, script: str) -> Any:
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, 10, poll_frequency=0.02).until(lambda b: b.execute_script(script))


def press(browser: Any, key: str) -> None:
    from selenium.webdriver.common.by import By

    browser.find_element(By.TAG_NAME, "body").send_keys(key)


def at(browser: Any, script: str) -> Any:
    """Move the pointer to the canvas point that a script returns as [x, y]."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By

    canvas = browser.find_element(By.ID, "network")
    x, y = browser.execute_script(
        f"const [x, y] = {script}, c = document.getElementById('network'), b = c.getBoundingClientRect();"
        "return [x * b.width / c.width - b.width / 2, y * b.height / c.height - b.height / 2]"
    )
    chain = ActionChains(browser).move_to_element_with_offset(canvas, round(x), round(y))
    chain.perform()
    return chain


def test_space_steps_and_the_arrow_goes_back(page: Any, playground: Playground) -> None:
    press(page, " ")
    wait(page, "return window.backprop.state.step === 1")
    assert playground.lab.time == 1
    press(page, "\ue012")  # left
    wait(page, "return window.backprop.state.step === 0")
    assert page.execute_script("return window.backprop.state.last_step") == 1


def test_the_three_activations_toggle(page: Any, playground: Playground) -> None:
    from selenium.webdriver.common.by import By

    labels = [b.text for b in page.find_elements(By.CSS_SELECTOR, "#activation button")]
    assert labels == ["Sigmoid", "ReLU", "Tanh"]
    for i, name in enumerate(("sigmoid", "relu", "tanh")):
        page.find_elements(By.CSS_SELECTOR, "#activation button")[i].click()
        wait(page, f"return window.backprop.state.choice.activations.every((a) => a === '{name}')")
        assert set(playground.choice.activations) == {name}
        on = page.find_elements(By.CSS_SELECTOR, "#activation button.on")
        assert [b.get_attribute("value") for b in on] == [name]


def test_layers_data_and_run(page: Any, playground: Playground) -> None:
    from selenium.webdriver.common.by import By

    page.find_element(By.ID, "more-layers").click()
    wait(page, "return window.backprop.state.widths.length === 5")
    page.find_element(By.CSS_SELECTOR, "#data button[value=circle]").click()
    wait(page, "return window.backprop.state.choice.data === 'circle'")
    page.find_element(By.ID, "run").click()
    wait(page, "return window.backprop.state.step > 20")
    page.find_element(By.ID, "run").click()
    wait(page, "return !window.backprop.running")
    assert page.execute_script("return window.backprop.state.loss") < playground.lab.losses[0]


def test_hovering_tells_activation_gradient_and_statistics(page: Any) -> None:
    from selenium.webdriver.common.by import By

    at(page, "[window.backprop.places[1][2].x, window.backprop.places[1][2].y]")
    wait(page, "return !document.getElementById('tip').hidden")
    text = page.find_element(By.ID, "tip").text
    assert text.startswith("layer 1, node 3")
    assert "delta = dL/dz" in text
    assert "gradient norm" in text
    shown = page.execute_script("return window.backprop.state.activations[1][2]")
    assert f"activation {shown:.4f}" in text


def test_a_clicked_edge_is_checked_and_can_be_changed(page: Any, playground: Playground) -> None:
    from selenium.webdriver.common.by import By

    middle = (
        "((a, b) => [0.6 * a.x + 0.4 * b.x, 0.6 * a.y + 0.4 * b.y])"
        "(window.backprop.places[1][0], window.backprop.places[2][0])"
    )
    at(page, middle).click().perform()
    wait(page, "return document.getElementById('edge').open")
    facts = page.find_element(By.ID, "edge-facts").text
    exact, difference = (float(part.split()[-1]) for part in facts.split(",")[:2])
    assert difference == pytest.approx(exact, rel=1e-5, abs=1e-9)
    page.execute_script("document.getElementById('edge-value').value = 1.25")
    page.find_element(By.ID, "edge-set").click()
    wait(page, "return window.backprop.state.layers[1].weight[0][0] === 1.25")
    assert playground.lab.record.layers[1].weight[0, 0] == 1.25


def test_phases_show_forward_then_backward(page: Any) -> None:
    before = page.execute_script("return document.getElementById('network').toDataURL()")
    press(page, "b")
    after = page.execute_script("return document.getElementById('network').toDataURL()")
    assert before != after
    for _ in range(6):
        press(page, "b")
    wait(page, "return window.backprop.state.step === 1")


def test_a_refusal_of_the_server_is_shown(page: Any) -> None:
    from selenium.webdriver.common.by import By

    for _ in range(2):
        count = page.execute_script("return window.backprop.state.widths.length")
        page.find_element(By.ID, "fewer-layers").click()
        wait(page, f"return window.backprop.state.widths.length === {count - 1}")
    page.execute_script("change({hidden: [99]})")
    wait(page, "return document.getElementById('problem').textContent.includes('1 to 32 nodes')")
