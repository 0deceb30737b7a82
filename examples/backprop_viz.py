"""Backpropagation, watched: the gradients that flow back through a small network.

    python examples/backprop_viz.py                       # 2-4-4-1 on XOR, in a window
    python examples/backprop_viz.py spiral --hidden 8,8   # a harder shape
    python examples/backprop_viz.py --web                 # the same as a page in the browser
    python examples/backprop_viz.py --headless --save out.gif

You will see node colours (activations), edge colours (gradients) and widths (weights), the
loss, the decision boundary, and how large the gradient is in every layer. SPACE is one step.
"""

from minigrad.projects.backprop_viz import main

if __name__ == "__main__":
    main()
