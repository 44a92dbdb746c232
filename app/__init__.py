"""What an operator can do: the console and the command line at the door, everything they drive behind them."""
