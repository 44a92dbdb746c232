"""The file of a disk: what the format says it is, the same wherever reading begins, and kept in little room."""

from __future__ import annotations

import struct
import zlib

from hypothesis import given, settings
from hypothesis import strategies as st

from backends.lab.volumes import Image, Segment
from backends.lab.vsphere import disks
from backends.lab.vsphere.disks import Content
from backends.lab.vsphere.uploads import BLOCK, Upload
from backends.lab.vsphere.vmdk import GRAIN, SECTOR, Vmdk

GIB = 1 << 30


def grains_of(file: bytes) -> dict[int, bytes]:
    """What is on the disk, by the first sector of each grain, as a reader of the format finds it from the footer on."""
    assert file[:4] == b"KDMV" and file[-SECTOR:] == bytes(SECTOR)
    footer = struct.unpack_from("<4sIIQQQQIQQQ", file, len(file) - 2 * SECTOR)
    magic, version, _flags, capacity, grain, _at, _room, per_table, _redundant, directory, _overhead = footer
    assert (magic, version, grain, per_table) == (b"KDMV", 3, 128, 512)
    tables = -(-capacity // (grain * per_table))
    found = {}
    for number, table in enumerate(struct.unpack_from(f"<{tables}I", file, directory * SECTOR)):
        for entry, sector in enumerate(struct.unpack_from("<512I", file, table * SECTOR) if table else ()):
            if sector:
                lba, size = struct.unpack_from("<QI", file, sector * SECTOR)
                assert lba == (number * per_table + entry) * grain
                begins = sector * SECTOR + 12
                found[lba] = zlib.decompress(file[begins : begins + size])
    return found


def content(generation: int = 1, *, capacity: int = 10 * GIB, data: int = 40 * GRAIN) -> Content:
    return Content(Image("vm", "0", (Segment("vm#1", generation),), 1.0), capacity, data, data)


def whole(file: disks.DiskFile) -> bytes:
    return file.read(0, file.size)


def test_a_file_holds_the_grains_that_have_data_and_no_others() -> None:
    found = grains_of(whole(disks.file_of(content())))
    assert len(found) == 40
    assert {len(one) for one in found.values()} == {GRAIN}
    assert len(set(found.values())) == 40
    assert max(found) < 10 * GIB // SECTOR


def test_another_generation_has_other_bytes_everywhere() -> None:
    one, other = (grains_of(whole(disks.file_of(content(number)))) for number in (1, 2))
    assert one.keys() == other.keys()
    assert not set(one.values()) & set(other.values())


@settings(max_examples=40)
@given(st.integers(0, 20), st.integers(1, 1 << 34), st.data())
def test_every_byte_is_the_same_wherever_reading_begins(grains: int, capacity: int, data: st.DataObject) -> None:
    file = Vmdk(b"descriptor", capacity, grains * GRAIN, b"seed")
    bytes_of_it = whole(file)
    assert len(bytes_of_it) == file.size
    place, count = data.draw(st.integers(0, file.size)), data.draw(st.integers(0, 3 * GRAIN))
    assert file.read(place, count) == bytes_of_it[place : place + count]


def arrived(sent: bytes) -> Upload:
    upload = Upload()
    for place in range(0, len(sent), BLOCK):
        upload.add(sent[place : place + BLOCK])
    return upload


def test_what_arrives_as_it_was_made_takes_no_room_and_is_the_image_that_it_says() -> None:
    sent = whole(disks.file_of(content()))
    upload = arrived(sent)
    assert (upload.stored, upload.whole, upload.image("0")) == (0, True, content().image)
    assert upload.read(0, upload.size) == sent


def test_what_is_cut_short_is_not_the_image_that_it_says() -> None:
    sent = whole(disks.file_of(content()))
    assert not arrived(sent[:-SECTOR]).whole
    assert not arrived(sent + bytes(SECTOR)).whole


def test_of_any_other_file_zeroes_take_no_room_and_the_rest_is_kept() -> None:
    sent = b"KDMV" + b"x" * BLOCK + bytes(5 * BLOCK) + b"end"
    upload = arrived(sent)
    assert upload.stored == 2 * BLOCK + 7  # the first two blocks, and the last
    assert upload.read(0, len(sent)) == sent
    assert upload.read(BLOCK - 2, 9) == sent[BLOCK - 2 : BLOCK + 7]
