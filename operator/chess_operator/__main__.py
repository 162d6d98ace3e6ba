"""`python -m chess_operator` is the console command."""

from chess_operator.cli import main

main()
