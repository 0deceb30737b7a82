"""The programs: one module (or folder) per system.

A program parses arguments, loads data, calls the rooms, prints and plots; it computes
nothing itself. Each offers

``command``
    the click command, made by `minigrad.projects._program.program`;
``main(args=None)``
    runs it and exits, for ``examples/NAME.py``;
``tour()``
    a small run on embedded data without a window: `minigrad.projects._program.Tour`.

`minigrad.cli` finds every module here whose name has no leading underscore.
"""
