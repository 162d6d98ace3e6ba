"""Where each console command begins: a program whose extra is not installed says so in one line."""
