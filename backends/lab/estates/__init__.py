"""Ready estates for the lab: ``demo`` to look at and to rehearse on, ``large`` to measure with."""
