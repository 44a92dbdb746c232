"""The infrastructure from elsewhere: files and NetBox, read only; and the words in which it is printed."""
