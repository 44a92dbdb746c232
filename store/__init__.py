"""What the console remembers: the estate as last seen, what changed, and (later) runs, journal and audit."""

import logging

# Without a handler Python prints warnings on the terminal, in the middle of the screen.
logging.getLogger("drdeck").addHandler(logging.NullHandler())
