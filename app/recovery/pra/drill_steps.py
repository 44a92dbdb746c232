"""Steps that only a drill has: volumes of its own, and a profile on the isolated network. Source: procedures 3.7."""

from __future__ import annotations

from app.recovery.pg.steps import Sends
from app.recovery.pra.hmc_steps import OnHmc, differing, profile_now
from app.recovery.step import Seen, Sight, Verdict, facts
from backends.flasharray import acts
from backends.flasharray.looks import Connections, Tags, Volumes
from backends.hmc import verbs
from backends.hmc.verbs import Attributes
from store.record import Record

DRILL_TAG = "drdeck_drill"
"""Key of the tag that says of which drill a volume is; its value is the id of the run."""


class MarkVolume(Sends, Record, frozen=True):
    """PUT /volumes/tags/batch: this volume is of that drill."""

    array: str
    volume: str
    run: str

    def verb(self) -> acts.TagVolume:
        return acts.TagVolume(self.volume, DRILL_TAG, self.run)

    def observe(self, sight: Sight) -> Seen:
        found = sight.look(self.array, Tags(DRILL_TAG)).get(self.volume)
        told = facts({f"{DRILL_TAG} of {self.volume}": found or "none"})
        if found == self.run:
            return Seen(Verdict.DONE, told, "it is marked")
        if found is not None:
            return Seen(Verdict.REFUSED, told, f"{self.volume} is of the drill {found}")
        return Seen(Verdict.READY, told, "it is not marked yet")


class DestroyVolume(Sends, Record, frozen=True):
    """PATCH /volumes ``destroyed``: a volume that carries the mark of that drill, and no other."""

    array: str
    volume: str
    run: str

    def verb(self) -> acts.DestroyVolume:
        return acts.DestroyVolume(self.volume)

    def observe(self, sight: Sight) -> Seen:
        found = sight.look(self.array, Volumes()).get(self.volume)
        if found is None or found.destroyed:
            return Seen(Verdict.DONE, facts({self.volume: "gone"}), "it is not there any more")
        mark = sight.look(self.array, Tags(DRILL_TAG)).get(self.volume)
        told = facts({f"{DRILL_TAG} of {self.volume}": mark or "none"})
        if mark != self.run:
            return Seen(Verdict.REFUSED, told, f"{self.volume} does not carry the mark of {self.run}")
        if sight.look(self.array, Connections()).get(self.volume):
            return Seen(Verdict.REFUSED, told, f"{self.volume} is still connected")
        return Seen(Verdict.READY, told, "it is there, and connected to nothing")


class MakeProfile(OnHmc, Record, frozen=True):
    """``mksyscfg -r prof``: done when the profile, read back, says what it is to say."""

    hmc: str
    system: str
    lpar: str
    profile: str
    attributes: Attributes

    def verb(self) -> verbs.CreateProfile:
        return verbs.CreateProfile(self.system, self.lpar, self.profile, self.attributes)

    def observe(self, sight: Sight) -> Seen:
        found = profile_now(sight, self.hmc, self.system, self.lpar, self.profile)
        if found is None:
            return Seen(Verdict.READY, facts({self.profile: "not there"}), f"{self.lpar} has no profile {self.profile}")
        wrong = differing(found, self.attributes)
        told = facts({self.profile: f"differs in {', '.join(wrong)}" if wrong else "as planned"})
        if wrong:
            return Seen(Verdict.REFUSED, told, f"a profile {self.profile} is there, and is another one")
        return Seen(Verdict.DONE, told, "the profile is there")
