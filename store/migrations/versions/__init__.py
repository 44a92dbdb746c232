"""The revisions. Their ids are numbers in order, so that the copy kept before an upgrade names its age."""
