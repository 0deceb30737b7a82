"""Everything public is documented in numpydoc form, and its examples run."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import textwrap

import pytest

import minigrad

MODULES = ["minigrad", *(module.name for module in pkgutil.walk_packages(minigrad.__path__, "minigrad."))]
MODULES = [name for name in MODULES if name != "minigrad._core"]
# Programs are documented by their --help and their page; private modules by what re-exports them.
DOCUMENTED = [
    name
    for name in MODULES
    if not name.startswith(("minigrad.projects", "minigrad.cli")) and not re.search(r"\._", name)
]
VALIDATORS = re.compile(r"^(_?check\w*|integer|real|choice|seed|array)$")


def public_callables():
    """Yield (qualified name, object, is it a method) for all that a module's `__all__` names."""
    seen = set()
    for module_name in DOCUMENTED:
        module = importlib.import_module(module_name)
        for name in getattr(module, "__all__", []):
            value = vars(module).get(name)  # a room named lazily is walked by itself
            if not (inspect.isfunction(value) or inspect.isclass(value)) or value in seen:
                continue
            seen.add(value)
            yield f"{module_name}.{name}", value, False
            if not inspect.isclass(value):
                continue
            for method_name, method in vars(value).items():
                function = getattr(method, "__func__", method)  # what a classmethod or staticmethod wraps
                if inspect.isfunction(function) and not method_name.startswith("_") and not attached(value, function):
                    yield f"{module_name}.{name}.{method_name}", function, True


def attached(owner, function):
    """Say whether a method came from elsewhere: an operation, described where it is a function."""
    return owner.__name__ == "Tensor" and function.__qualname__ != f"Tensor.{function.__name__}"


def operations():
    """Yield the operations of the framework, which `minigrad` offers one by one."""
    functions = importlib.import_module("minigrad.nn._ops").functions
    for name, function in functions.items():
        if inspect.isfunction(function) and function.__name__ == name:
            yield f"minigrad.{name}", function, False


PUBLIC = [*public_callables(), *operations()]


def sections(docstring):
    """Split a numpydoc docstring into its sections: title -> text."""
    parts = re.split(r"^([A-Z][A-Za-z ]+)\n-{3,}$", inspect.cleandoc(docstring), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def parameters(function):
    skipped = {"self", "cls"}
    return [name for name in inspect.signature(function).parameters if name not in skipped]


def described(section):
    """Return the names that a Parameters section describes: ``a, b : int`` describes two."""
    names = re.findall(r"^(\*{0,2}\w+(?:, *\*{0,2}\w+)*)(?: *:.*)?$", section, re.MULTILINE)
    return {name.strip(" *") for line in names for name in line.split(",")}


def raises(function):
    """Whether the function's own body raises or calls a validator."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            return True
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            owner = (
                node.func.value.id
                if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
                else ""
            )
            if owner == "_check" or (called == "check_status" or (not owner and VALIDATORS.match(called))):
                return True
    return False


def problems_of(function, is_method):
    document = inspect.getdoc(function)
    if not document:
        return ["has no docstring"]
    found = sections(document)
    problems = []
    is_class = inspect.isclass(function)
    if is_class:
        if issubclass(function, BaseException):
            return []
        wanted = parameters(function.__init__) if function.__init__ is not object.__init__ else []
        wanted = [name for name in wanted if name not in ("args", "kwargs")]
    else:
        wanted = parameters(function)
        returns = inspect.signature(function).return_annotation
        if returns not in (None, "None", "NoReturn", inspect.Signature.empty) and not {"Returns", "Yields"} & set(
            found
        ):
            one_line = "\n" not in document.strip()
            if not (one_line or document.startswith("Return ")):
                problems.append("has no Returns section")
        if raises(function) and "Raises" not in found:
            problems.append("validates, but has no Raises section")
    # A data class may describe its fields as what they become: attributes.
    known = described(found.get("Parameters", "")) | (described(found.get("Attributes", "")) if is_class else set())
    missing = [name for name in wanted if name not in known]
    missing = [name for name in missing if not (is_method and name == "y")]
    if missing:
        problems.append(f"does not describe {', '.join(missing)}")
    return problems


@pytest.mark.parametrize(("name", "function", "is_method"), PUBLIC, ids=[name for name, *_ in PUBLIC])
def test_the_docstring_is_complete(name, function, is_method):
    assert not problems_of(function, is_method), f"{name}: " + "; ".join(problems_of(function, is_method))


def test_the_walk_finds_the_public_names():
    assert {"minigrad.set_num_threads", "minigrad.config"} <= {name for name, *_ in PUBLIC}


@pytest.mark.parametrize("module_name", MODULES)
def test_the_examples_run(module_name):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testmod(importlib.import_module(module_name), optionflags=flags)
    assert result.failed == 0, f"{module_name}: {result.failed} of {result.attempted} examples failed"
