"""Principal components of a table or of images, with power iteration.

    python examples/pca_visualizer.py                     # Fisher's iris, embedded
    python examples/pca_visualizer.py iris_dataset.csv    # a file of yours
    python examples/pca_visualizer.py --dataset mnist     # 60,000 handwritten digits

You will see the samples on the plane in which they vary most, coloured by their class; how
much of the variance each axis carries, and how sure that is; and the features as arrows.
"""

from minigrad.projects.pca_visualizer import main

if __name__ == "__main__":
    main()
