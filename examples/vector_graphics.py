"""Vector graphics: shapes that matrices move, with the matrices in view.

    python examples/vector_graphics.py                    # the engine, in a window
    python examples/vector_graphics.py scene.json         # a scene that was saved
    python examples/vector_graphics.py crowd --headless   # 2,000 moving shapes, and what they cost
    python examples/vector_graphics.py asteroids          # the game

You will see a few shapes on a grid. Hold R to rotate, S to scale, the arrow keys to move: the
matrix, its factors, its determinant as an area, its eigenvectors and the grid move along.
"""

from minigrad.projects.vector_graphics import main

if __name__ == "__main__":
    main()
