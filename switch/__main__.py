"""`python -m switch` is the `medswitch` command."""

from switch.cli import main

if __name__ == "__main__":
    main()
