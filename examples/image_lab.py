"""An image lab: geometry, colours and filters as matrices.

    python examples/image_lab.py                  # the photograph that matplotlib ships
    python examples/image_lab.py photo.jpg        # one of yours
    python examples/image_lab.py photo.jpg --do "rotate 45; scale 0.5" --save out.png

You will see a prompt. Commands such as `rotate 45`, `shear 0.3 0` or `sepia` are composed into one
matrix, which is applied once to the original: 36 times `rotate 10` gives its bytes back. `show`
opens a window with four corners to drag, `explain` shows how one pixel came about.
"""

from minigrad.projects.image_lab import main

if __name__ == "__main__":
    main()
