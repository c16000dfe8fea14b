"""``python -m skillkit`` is the command line."""

from skillkit.cli import main

if __name__ == "__main__":
    main()
