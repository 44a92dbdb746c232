"""Pure FlashArray over REST 2.26: a driver that reads everything the panes show, and one function for each verb."""
