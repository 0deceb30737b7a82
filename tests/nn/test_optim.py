"""The optimizers in Python: groups, state, hooks, saving, errors, and arrays that change under them."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import minigrad as mg
from minigrad.nn.optim import optimizer as base

pytestmark = pytest.mark.native

ALL = ["ASGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Rprop", "SGD"]


def parameter(values, dtype=None):
    return mg.nn.Parameter(mg.tensor(np.array(values, np.float64), dtype=dtype or mg.float64))


def give_grads(params, seed=0):
    generator = np.random.default_rng(seed)
    for param in params:
        param.grad = mg.tensor(generator.standard_normal(param.shape)).to(param.dtype)


def trajectory(optimizer, params, steps=3):
    out = []
    for step in range(steps):
        give_grads(params, step)
        optimizer.step()
        out.append([param.tolist() for param in params])
    return out


# --- they minimise


# With these rates the default would need thousands of steps: Adadelta's first ones are tiny by design.
RATES = {"Adadelta": 50.0, "Adagrad": 1.0, "ASGD": 0.1, "SGD": 0.1, "Rprop": 0.1}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", [mg.float32, mg.float64])
def test_a_quadratic_is_minimised(name, dtype):
    p = parameter([2.0, -1.0], dtype)
    target = mg.tensor([0.5, 0.25], dtype=dtype)
    optimizer = getattr(mg.optim, name)([p], lr=RATES.get(name, 0.05))
    first = ((p - target) ** 2).sum().item()
    for _ in range(300):
        optimizer.zero_grad()
        ((p - target) ** 2).sum().backward()
        optimizer.step()
    assert ((p - target) ** 2).sum().item() < 1e-3 * first


@pytest.mark.parametrize("name", ALL)
def test_maximize_is_minimise_of_the_negative(name):
    up, down = parameter([1.0, 2.0]), parameter([1.0, 2.0])
    climb, descend = getattr(mg.optim, name)([up], maximize=True), getattr(mg.optim, name)([down])
    for step in range(3):
        give_grads([up], step)
        down.grad = mg.tensor(-up.grad.numpy())
        climb.step()
        descend.step()
    assert up.tolist() == down.tolist()


# --- groups


def test_groups_take_the_defaults_they_do_not_set():
    a, b = parameter([1.0]), parameter([1.0])
    optimizer = mg.optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1, momentum=0.9)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5]
    assert all(group["momentum"] == 0.9 for group in optimizer.param_groups)
    give_grads([a, b])
    b.grad = mg.tensor(a.grad.numpy())
    optimizer.step()
    assert (1 - b.item()) == pytest.approx(5 * (1 - a.item()))


def test_a_group_can_be_added_later_and_options_changed():
    a, b = parameter([1.0]), parameter([1.0])
    optimizer = mg.optim.SGD([a], lr=0.1)
    a.grad = mg.tensor([1.0], dtype=mg.float64)
    optimizer.step()
    optimizer.add_param_group({"params": [b], "lr": 1.0})
    b.grad = mg.tensor([1.0], dtype=mg.float64)
    optimizer.param_groups[0]["lr"] = 0.2
    optimizer.step()
    assert (a.item(), b.item()) == (pytest.approx(0.7), 0.0)
    assert "Parameter Group 1" in repr(optimizer) and repr(optimizer).startswith("SGD (")


def test_named_parameters_keep_their_names():
    layer = mg.nn.Module()
    layer.w, layer.b = parameter([1.0]), parameter([2.0])
    optimizer = mg.optim.Adam(layer.named_parameters())
    assert optimizer.param_groups[0]["param_names"] == ["w", "b"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["w", "b"]


def test_switching_momentum_on_begins_a_buffer():
    p = parameter([1.0])
    optimizer = mg.optim.SGD([p], lr=1.0)
    p.grad = mg.tensor([1.0], dtype=mg.float64)
    optimizer.step()
    optimizer.param_groups[0]["momentum"] = 0.5
    optimizer.step()
    optimizer.step()
    assert p.item() == 1 - 1 - 1 - 1.5


def test_a_parameter_that_stands_twice_steps_twice():
    p = parameter(np.ones(3))
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optimizer = mg.optim.SGD([p, p], lr=0.25)
    p.grad = mg.tensor(np.ones(3))
    optimizer.step()
    assert p.tolist() == [0.5] * 3


# --- what may change between steps


def test_missing_gradients_leave_a_parameter_and_its_count_alone():
    a, b = parameter([1.0]), parameter([1.0])
    optimizer = mg.optim.Adam([a, b])
    for step in range(4):
        give_grads([a, b], step)
        if step == 2:
            b.grad = None
            before = b.item()
        optimizer.step()
        if step == 2:
            assert b.item() == before
    assert (optimizer.state[a]["step"].item(), optimizer.state[b]["step"].item()) == (4.0, 3.0)
    optimizer.zero_grad()
    optimizer.step()
    assert optimizer.state[a]["step"].item() == 4.0


@pytest.mark.parametrize("how", ["data", "grad", "state", "entry", "tensor"])
def test_replaced_arrays_are_noticed(how):
    def run(replace):
        p = parameter(np.arange(4.0))
        optimizer = mg.optim.Adam([p], lr=0.1)
        trajectory(optimizer, [p])
        if replace:
            if how == "data":
                p.data = mg.tensor(p.detach().numpy().copy())
            elif how == "grad":
                p.grad = p.grad.clone()
            elif how == "state":
                optimizer.state = copy.copy(optimizer.state)
                optimizer.state[p] = dict(optimizer.state[p])
            elif how == "entry":
                optimizer.state[p]["exp_avg"] = optimizer.state[p]["exp_avg"].clone()
            else:
                held = optimizer.state[p]["exp_avg_sq"]
                held.data = held.clone()
        trajectory(optimizer, [p])
        return p.tolist(), optimizer.state[p]["exp_avg"].tolist(), optimizer.state[p]["exp_avg_sq"].tolist()

    assert run(True) == run(False)


def test_cleared_state_begins_anew():
    p = parameter([1.0])
    optimizer = mg.optim.Adam([p])
    trajectory(optimizer, [p])
    optimizer.state.clear()
    trajectory(optimizer, [p], 1)
    assert optimizer.state[p]["step"].item() == 1


def test_a_step_moves_what_the_parameter_looks_at():
    """Strided parameters and gradients, a view that shares the memory, and the version."""
    whole = mg.zeros(6, 4, dtype=mg.float64)
    p, plain = mg.nn.Parameter(whole.t()[::2]), parameter(np.zeros((2, 6)))
    plain.grad = mg.tensor(np.random.default_rng(0).standard_normal((2, 6)))
    p.grad = mg.tensor(np.ascontiguousarray(plain.grad.numpy().T)).t()
    for param in (p, plain):
        mg.optim.Adam([param], lr=0.5).step()
    np.testing.assert_array_equal(p.detach().numpy(), plain.detach().numpy())
    np.testing.assert_array_equal(whole.t().numpy()[::2], plain.detach().numpy())
    assert (whole.t().numpy()[1::2] == 0).all()


def test_a_step_between_forward_and_backward_is_an_error_that_names_the_line():
    p = parameter([1.0, 2.0])
    loss = (p * p).sum()
    p.grad = mg.ones(2, dtype=mg.float64)
    mg.optim.SGD([p], lr=0.1).step()
    with pytest.raises(RuntimeError, match=r"modified by an inplace operation at test_optim.py"):
        loss.backward()


def test_two_element_types_in_one_group():
    a, b = parameter([1.0], mg.float32), parameter([1.0])
    optimizer = mg.optim.SGD([a, b], lr=0.5)
    a.grad, b.grad = mg.tensor([1.0]), mg.tensor([1.0], dtype=mg.float64)
    optimizer.step()
    assert (a.item(), b.item(), a.dtype, b.dtype) == (0.5, 0.5, mg.float32, mg.float64)


def test_empty_and_scalar_parameters():
    empty, scalar = parameter(np.zeros((0, 3))), parameter(2.0)
    optimizer = mg.optim.Adam([empty, scalar], lr=0.5)
    empty.grad, scalar.grad = mg.zeros(0, 3, dtype=mg.float64), mg.tensor(1.0, dtype=mg.float64)
    optimizer.step()
    assert empty.shape == (0, 3) and scalar.item() == pytest.approx(1.5)


def test_a_tensor_as_learning_rate():
    p = parameter([1.0])
    optimizer = mg.optim.SGD([p], lr=mg.tensor(0.5))
    p.grad = mg.tensor([1.0], dtype=mg.float64)
    optimizer.step()
    optimizer.param_groups[0]["lr"].fill_(0.25)
    optimizer.step()
    assert p.item() == 0.25


# --- zero_grad, closures, hooks


def test_zero_grad_forgets_or_clears():
    p = parameter([1.0])
    optimizer = mg.optim.SGD([p])
    (p * p).sum().backward()
    grad = p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is grad and p.grad.item() == 0
    optimizer.zero_grad()
    assert p.grad is None


def test_a_closure_is_called_once_with_recording_on():
    p = parameter([1.0])
    optimizer = mg.optim.SGD([p], lr=0.5)
    calls = []

    def closure():
        calls.append(mg.is_grad_enabled())
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with mg.no_grad():
        loss = optimizer.step(closure)
    assert (loss.item(), p.item(), calls) == (1.0, 0.0, [True])


def test_hooks_around_a_step_and_their_order():
    p, seen = parameter([1.0]), []
    optimizer = mg.optim.SGD([p])
    handles = [
        optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("before")),
        optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("after")),
        base.register_optimizer_step_pre_hook(lambda o, args, kwargs: seen.append("before all")),
        base.register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append("after all")),
    ]
    optimizer.step()
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert seen == ["before all", "before", "after", "after all"]
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        optimizer.step()


def test_a_pre_hook_may_replace_the_closure():
    p = parameter([1.0])
    optimizer = mg.optim.SGD([p])
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((lambda: "other",), {}))
    assert optimizer.step(lambda: "mine") == "other"


def test_an_optimizer_of_ones_own():
    class Sign(mg.optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def step(self, closure=None):
            with mg.no_grad():
                for group in self.param_groups:
                    for p in group["params"]:
                        p -= group["lr"] * (p.grad > 0).to(p.dtype)

    p, seen = parameter([1.0, 1.0]), []
    optimizer = Sign([p], lr=0.5)
    optimizer.register_step_post_hook(lambda *_: seen.append(1))
    p.grad = mg.tensor([1.0, -1.0], dtype=mg.float64)
    optimizer.step()
    assert p.tolist() == [0.5, 1.0] and seen == [1]


# --- saving


@pytest.mark.parametrize("name", [*ALL, "Muon"])
def test_a_loaded_state_goes_on_in_the_same_bits(name):
    shape = (3, 2)
    params = [parameter(np.ones(shape))]
    optimizer = getattr(mg.optim, name)(params)
    trajectory(optimizer, params)
    copies = [parameter(p.detach().numpy()) for p in params]
    again = getattr(mg.optim, name)(copies, lr=7.0)
    again.load_state_dict(optimizer.state_dict())
    assert trajectory(again, copies) == trajectory(optimizer, params)
    assert again.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"]


def test_loading_copies_and_takes_the_parameters_type():
    a = parameter([1.0])
    optimizer = mg.optim.Adam([a])
    trajectory(optimizer, [a])
    b = parameter([1.0], mg.float32)
    again = mg.optim.Adam([b])
    again.load_state_dict(optimizer.state_dict())
    assert again.state[b]["exp_avg"].dtype == mg.float32
    assert again.state[b]["step"].item() == 3 and again.state[b]["step"] is not optimizer.state[a]["step"]
    trajectory(again, [b])
    assert optimizer.state[a]["step"].item() == 3


def test_pickle_and_deepcopy_keep_the_state():
    p = parameter([1.0, 2.0])
    optimizer = mg.optim.Adam([p])
    trajectory(optimizer, [p])
    for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        (q,) = twin.param_groups[0]["params"]
        assert q is not p and q.tolist() == p.tolist()
        assert twin.state[q]["exp_avg"].tolist() == optimizer.state[p]["exp_avg"].tolist()
        trajectory(twin, [q])
        assert q.tolist() != p.tolist()


def test_hooks_around_saving_and_loading():
    p, seen = parameter([1.0]), []
    optimizer = mg.optim.SGD([p])
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("before save"))
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "note": 1})
    optimizer.register_load_state_dict_pre_hook(lambda o, state: seen.append(state.pop("note")))
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append("after load"))
    optimizer.register_load_state_dict_pre_hook(lambda o, state: seen.append("first"), prepend=True)
    optimizer.load_state_dict(optimizer.state_dict())
    assert seen == ["before save", "first", 1, "after load"]


# --- errors


def test_what_cannot_be_optimized():
    p = parameter([1.0])
    for params, kind, text in [
        ([], ValueError, "empty parameter list"),
        (p, TypeError, "iterable of Tensors or dicts"),
        ([3], TypeError, "can only optimize Tensors"),
        ([p * 2], ValueError, "can't optimize a non-leaf Tensor"),
        ([{"params": {p}}], TypeError, "ordered collections"),
        ([{"params": [p]}, {"params": [p]}], ValueError, "more than one parameter group"),
        ([("a", p), parameter([1.0])], ValueError, "Some param names are missing"),
        ([{"params": [("a", p)]}, {"params": [parameter([1.0])]}], ValueError, "with/without names"),
    ]:
        with pytest.raises(kind, match=text):
            mg.optim.SGD(params, lr=0.1)
    with pytest.raises(TypeError, match="must be a dict"):
        mg.optim.SGD([p]).add_param_group([p])
    with pytest.raises(ValueError, match="required optimization parameter lr"):
        mg.optim.Optimizer([p], {"lr": base.required})
    with pytest.raises(NotImplementedError, match="step must be defined"):
        mg.optim.Optimizer([p], {}).step()


BAD = [
    ("SGD", {"lr": -0.1}, "Invalid learning rate: -0.1"),
    ("SGD", {"momentum": -1}, "Invalid momentum value"),
    ("SGD", {"weight_decay": -1}, "Invalid weight_decay value"),
    ("SGD", {"nesterov": True}, "Nesterov momentum requires a momentum and zero dampening"),
    ("SGD", {"lr": float("nan")}, "Invalid learning rate"),
    ("Adam", {"lr": -1e-2}, "Invalid learning rate: -0.01"),
    ("Adam", {"betas": (1.0, 0.9)}, "Invalid beta parameter at index 0: 1.0"),
    ("Adam", {"betas": (0.0, -0.9)}, "Invalid beta parameter at index 1: -0.9"),
    ("Adam", {"eps": -1}, "Invalid epsilon value"),
    ("Adam", {"lr": mg.zeros(2)}, "Tensor lr must be 1-element"),
    ("AdamW", {"weight_decay": -1}, "Invalid weight_decay value"),
    ("NAdam", {"momentum_decay": -0.2}, "Invalid momentum_decay value"),
    ("RMSprop", {"momentum": -1.0}, "Invalid momentum value"),
    ("RMSprop", {"alpha": -1.0}, "Invalid alpha value"),
    ("Adagrad", {"lr_decay": -0.5}, "Invalid lr_decay value"),
    ("Adagrad", {"initial_accumulator_value": -1}, "Invalid initial_accumulator_value value"),
    ("Adadelta", {"rho": 1.1}, "Invalid rho value: 1.1"),
    ("Rprop", {"etas": (1.0, 0.5)}, "Invalid eta values: 1.0, 0.5"),
    ("LBFGS", {"lr": -1}, "Invalid learning rate"),
    ("Muon", {"adjust_lr_fn": "other"}, "other is not supported"),
    ("Muon", {"ns_steps": 100}, "ns_steps must be"),
    ("Muon", {"ns_coefficients": (1, 2)}, "exactly 3 values"),
]


@pytest.mark.parametrize(("name", "options", "text"), BAD)
def test_options_out_of_range(name, options, text):
    with pytest.raises(ValueError, match=text) as caught:
        getattr(mg.optim, name)([parameter(np.ones((2, 2)))], **options)
    assert str(caught.value).startswith(name)


def test_switches_that_exclude_each_other():
    with pytest.raises(RuntimeError, match="cannot be `True` together"):
        mg.optim.Adam([parameter([1.0])], fused=True, foreach=True)
    with pytest.raises(RuntimeError, match="differentiable=True is not supported"):
        mg.optim.Adam([parameter([1.0])], differentiable=True)


def test_lbfgs_wants_a_closure_and_one_group():
    p, q = parameter([1.0]), parameter([1.0])
    with pytest.raises(TypeError, match="closure"):
        mg.optim.LBFGS([p]).step()
    with pytest.raises(ValueError, match="parameter groups"):
        mg.optim.LBFGS([{"params": [p]}, {"params": [q]}])
    optimizer = mg.optim.LBFGS([p], line_search_fn="weak")

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
        optimizer.step(closure)


def test_lbfgs_needs_few_steps_for_a_quadratic():
    generator = np.random.default_rng(0)
    root = generator.standard_normal((6, 6))
    a = mg.tensor(root @ root.T + np.eye(6))
    b = mg.tensor(generator.standard_normal((6, 1)))
    x = mg.nn.Parameter(mg.zeros(6, 1, dtype=mg.float64))
    optimizer = mg.optim.LBFGS(
        [x], max_iter=100, tolerance_grad=1e-10, tolerance_change=1e-14, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        loss = (x * (a @ x)).sum() / 2 - (b * x).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_allclose(x.detach().numpy(), np.linalg.solve(a.numpy(), b.numpy()), atol=1e-6)


def test_muon_takes_matrices_alone():
    with pytest.raises(ValueError, match="only supports 2D parameters"):
        mg.optim.Muon([parameter([1.0])])


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"state": {}, "param_groups": []}, "different number of parameter groups"),
        ({"state": {}, "param_groups": [{"params": [0, 1]}]}, "doesn't match the size"),
    ],
)
def test_a_state_dict_of_another_model(state, text):
    with pytest.raises(ValueError, match=text):
        mg.optim.SGD([parameter([1.0])]).load_state_dict(state)


def test_state_of_another_shape_is_refused():
    p = parameter([1.0, 2.0])
    optimizer = mg.optim.Adam([p])
    optimizer.state[p]["exp_avg"] = mg.zeros(3, dtype=mg.float64)
    give_grads([p])
    with pytest.raises(ValueError, match=r"state 'exp_avg' must have shape \(2,\); got \(3,\)"):
        optimizer.step()


# --- tools for gradients and parameters


def test_clipping_scales_all_gradients_together():
    params = [parameter(np.zeros(2)), parameter(np.zeros(1)), parameter([1.0])]
    params[0].grad, params[1].grad = mg.tensor(np.array([3.0, 0.0])), mg.tensor(np.array([4.0]))
    total = mg.nn.utils.clip_grad_norm_(params, 1.0)
    assert total.item() == 5
    assert params[0].grad.tolist() == pytest.approx([0.6, 0.0]) and params[1].grad.tolist() == pytest.approx([0.8])
    again = mg.nn.utils.clip_grad_norm_(params, 2.0)
    assert again.item() == pytest.approx(1, abs=2e-6) and params[1].grad.tolist() == pytest.approx([0.8])
    mg.nn.utils.clip_grad_value_(params, 0.7)
    assert params[1].grad.item() == 0.7
    assert mg.nn.utils.clip_grad_norm_([], 1.0).item() == 0


def test_clipping_a_norm_that_is_not_finite():
    p = parameter(np.zeros(2))
    p.grad = mg.tensor(np.array([np.inf, 1.0]))
    with pytest.raises(RuntimeError, match="non-finite"):
        mg.nn.utils.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
    mg.nn.utils.clip_grad_norm_([p], 1.0)
    assert np.isnan(p.grad.numpy()[0]) and p.grad.numpy()[1] == 0
    with pytest.warns(UserWarning, match="empty generator"):
        mg.nn.utils.clip_grad_norm_((q for q in []), 1.0)


def test_parameters_go_to_a_vector_and_back():
    params = [parameter([[1.0, 2.0]]), parameter(3.0)]
    vector = mg.nn.utils.parameters_to_vector(params)
    assert vector.tolist() == [1, 2, 3]
    vector.sum().backward()
    assert params[0].grad.tolist() == [[1, 1]]
    mg.nn.utils.vector_to_parameters(vector.detach() * 2, params)
    assert params[0].tolist() == [[2, 4]] and params[1].item() == 6
    with pytest.raises(TypeError, match="expected a Tensor"):
        mg.nn.utils.vector_to_parameters([1.0], params)


# --- averages of weights


class Line(mg.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = parameter([0.0])
        self.register_buffer("count", mg.zeros(1, dtype=mg.float64))

    def forward(self, x):
        return self.w * x


@pytest.mark.parametrize("kind", ["mean", "ema", "ema multi", "swa multi", "buffers"])
def test_averaged_models(kind):
    swa = mg.optim.swa_utils
    options = {
        "mean": {},
        "ema": {"avg_fn": swa.get_ema_avg_fn(0.5)},
        "ema multi": {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.5)},
        "swa multi": {"multi_avg_fn": swa.get_swa_multi_avg_fn()},
        "buffers": {"use_buffers": True},
    }[kind]
    model = Line()
    averaged = swa.AveragedModel(model, **options)
    for value in (1.0, 3.0, 8.0):
        with mg.no_grad():
            model.w.fill_(value)
            model.count.fill_(value)
        averaged.update_parameters(model)
    assert averaged.module.w.item() == (5.0 if kind.startswith("ema") else 4.0)
    assert averaged.module.count.item() == (4.0 if kind == "buffers" else 8.0)
    assert averaged.n_averaged.item() == 3
    assert averaged(mg.tensor([2.0], dtype=mg.float64)).item() == 2 * averaged.module.w.item()


def test_averages_that_cannot_be():
    swa = mg.optim.swa_utils
    with pytest.raises(ValueError, match="Invalid decay value"):
        swa.get_ema_avg_fn(1.5)
    with pytest.raises(ValueError, match="Only one of"):
        swa.AveragedModel(Line(), avg_fn=swa.get_ema_avg_fn(), multi_avg_fn=swa.get_ema_multi_avg_fn())


def test_the_facade_is_the_same_module():
    import minigrad.optim.lr_scheduler as there
    from minigrad.optim.lr_scheduler import StepLR

    assert there is mg.nn.optim.lr_scheduler and StepLR is there.StepLR
    assert mg.optim.Adam is mg.nn.optim.Adam is mg.Adam
