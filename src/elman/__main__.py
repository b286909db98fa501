"""``python -m elman``: the command line where no script is on the path."""

from elman.cli import main

if __name__ == "__main__":
    main()
