"""`python -m townclerk` is the same as `townclerk`."""

from townclerk.cli import main

if __name__ == "__main__":
    main()
