"""What an export or import lease shows: its disks with the URLs that serve them, and the manifest of what was read."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from backends.lab.vsphere.records import Lease, LeaseFile
from backends.lab.vsphere.soap import reference


def token_of(lease: Lease) -> str:
    """The part of the lease's id that stands in its URLs."""
    return lease.moid.rsplit("]", 1)[-1]


def lease_info(lease: Lease, url: str) -> Any:
    """HttpNfcLeaseInfo. ``url`` is the address of the door as this client sees it."""
    return vim.HttpNfcLease.Info(
        lease=vim.HttpNfcLease(lease.moid),
        entity=reference(lease.vm),
        deviceUrl=[_device(lease, file, url) for file in lease.files],
        totalDiskCapacityInKB=sum(file.disk.capacity for file in lease.files) // 1024,
        leaseTimeout=lease.timeout_s,
    )


def _device(lease: Lease, file: LeaseFile, url: str) -> Any:
    return vim.HttpNfcLease.DeviceUrl(
        key=file.key,
        importKey=file.import_key,
        url=f"{url}/nfc/{token_of(lease)}/{file.token}",
        sslThumbprint="",
        disk=True,
        targetId=file.token,
        datastoreKey=None,
        fileSize=None if lease.upload or file.content is None else file.content.size,
    )


def manifest(lease: Lease) -> list[Any]:
    """The files that crossed, with size and checksum. Of a file whose SHA-256 is asked for there is no SHA-1."""
    made = []
    for file in lease.files:
        if file.content is None:
            continue
        sums, found = file.sums, file.sums.of(file.content)
        made.append(
            vim.HttpNfcLease.ManifestEntry(
                key=file.key,
                sha1=found if sums.kind == "sha1" else "",
                checksum=found,
                checksumType=sums.kind,
                size=file.content.size,
                disk=True,
                capacity=file.disk.capacity,
                populatedSize=file.disk.bytes_used,
            )
        )
    return made
