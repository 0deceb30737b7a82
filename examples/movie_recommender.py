"""A recommender of films that says why, and how sure it is.

    python examples/movie_recommender.py                    # a dialogue on MovieLens latest-small
    python examples/movie_recommender.py evaluate           # all methods on MovieLens 100k, u1 to u5
    python examples/movie_recommender.py map ml-1m/         # a picture of the films in a folder of yours
    python examples/movie_recommender.py --dataset synthetic

You will be asked about well-known films, and get five others with their similarity, the rating to
expect with its 90% interval, and what of yours speaks for them. Then ask on: `why 1`, `similar fargo`.
"""

from minigrad.projects.movie_recommender import main

if __name__ == "__main__":
    main()
