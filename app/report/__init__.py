"""Evidence of a run: what its journal says, as a signed folder and archive that anybody can verify offline."""
