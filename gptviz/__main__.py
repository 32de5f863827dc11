"""`python -m gptviz` is the command `gptviz`."""

from gptviz.cli import main

main(prog_name="gptviz")
