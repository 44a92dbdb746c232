"""The read API: what the store holds, over HTTP on this machine alone, for readers with a token. Nothing is written."""
