"""`python -m trinetra`."""

from trinetra.cli import main

main()
