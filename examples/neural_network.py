"""A neural network, from the perceptron to handwritten digits.

    python examples/neural_network.py mnist               # 60,000 images, 784-128-64-10
    python examples/neural_network.py mnist --augment     # shifted, turned and bent: fewer errors
    python examples/neural_network.py perceptron          # AND and OR, and why not XOR
    python examples/neural_network.py spirals             # a boundary that winds
    python examples/neural_network.py predict five.png    # reads a picture of yours

You will see the loss fall and the accuracy rise, every gradient checked against finite
differences, and the digits that the network reads rightly and wrongly.
"""

from minigrad.projects.neural_network import main

if __name__ == "__main__":
    main()
