"""Kernel versions compare, release strings name their vendor, tables answer by version."""

import pytest

from oomlab.errors import UnknownKernel
from oomlab.kernel import KernelRelease, KernelVersion, holds, load_table, lookup, lookup_all, vendor_of


def test_versions_compare_as_numbers_not_as_text():
    assert (
        KernelVersion.of("2.6.9")
        < KernelVersion.of("2.6.10")
        < KernelVersion.of("3.2")
        < KernelVersion.of("3.10")
    )


@pytest.mark.parametrize(
    ("release", "parts"),
    [
        ("3.2.59", (3, 2, 59)),
        ("v6.1", (6, 1)),
        ("2.6.14-rc2", (2, 6, 14)),
        ("6.9.0-rc3+", (6, 9, 0)),
        ("6.12.117+deb12-amd64", (6, 12, 117)),
        ("2.4.19-pre9-ac3", (2, 4, 19)),
    ],
)
def test_the_numbers_that_lead_a_release_are_its_version(release, parts):
    assert KernelRelease.of(release).version.parts == parts


@pytest.mark.parametrize("text", ["", "x", "linux", "6", "-3.2", "el7"])
def test_text_that_begins_with_no_version_is_refused(text):
    with pytest.raises(UnknownKernel, match="is not a kernel version"):
        KernelVersion.of(text)


@pytest.mark.parametrize(
    ("release", "vendor"),
    [
        ("2.6.32-754.el6.x86_64", "el6"),
        ("3.10.0-514.6.1.el7.x86_64", "el7"),
        ("4.18.0-139.el8.ppc64le+debug", "el8"),
        ("4.18.0-553.el8_10.x86_64", "el8"),
        ("5.14.0-427.13.1.el9_4.x86_64", "el9"),
        ("5.4.17-2136.307.3.4.el8uek.x86_64", "uek"),
        ("4.19.4-1.el7.elrepo.x86_64", "elrepo"),
        ("4.16.0-0.rc4.git0.1.fc28.x86_64", "fedora"),
        ("4.14.355-275.582.amzn2.x86_64", "amazon"),
        ("5.10.107-android13-4-00011-ge9d5", "android"),
        ("5.13.0-19-generic", "ubuntu"),
        ("6.1.0-50-686-pae", "debian"),
        ("5.10.0-10-amd64", "debian"),
        ("6.12.117+deb12-amd64", "debian"),
        ("6.1.21-v7l+", "raspberrypi"),
        ("5.8.2-0.g71b519a-default", "suse"),
        ("6.7.4-arch1-1", "arch"),
        ("5.13.0-rc5-next-20210611-llvm", "next"),
        ("3.2.59", None),
        ("4.9.0-gentoo", None),
        ("5.10.160", None),
    ],
)
def test_a_release_names_its_vendor(release, vendor):
    assert vendor_of(release) == vendor


def test_a_row_holds_from_since_on_and_ends_before_until():
    row = {"since": "3.2", "until": "3.10"}
    held = [text for text in ("3.1", "3.2", "3.9.9", "3.10", "3.10.1") if holds(row, KernelVersion.of(text))]
    assert held == ["3.2", "3.9.9"]


def test_the_first_row_that_covers_a_version_and_its_build_is_looked_up():
    bytes_of = {
        (version, arch, allocator): lookup("zones.struct_page", version, arch=arch, allocator=allocator)[
            "bytes"
        ]
        for version, arch, allocator in (
            ("3.2.59", "i386", "slab"),
            ("3.2", "x86_64", "slub"),
            ("6.1", "i386", "slub"),
        )
    }
    assert list(bytes_of.values()) == [32, 64, 40]
    assert lookup_all("gfp.unread", "6.1") == ()


@pytest.mark.parametrize(
    "version", ["3.2.59", "3.2.59-generic", KernelVersion((3, 2, 59)), KernelRelease.of("3.2.59-x")]
)
def test_a_version_may_be_given_in_any_of_its_forms(version):
    assert lookup("watermarks.slack", version)["slack"] == 2


def test_where_no_row_covers_a_version_the_error_names_table_version_and_build():
    with pytest.raises(UnknownKernel, match=r"zones\.names is known for Linux 3\.2, arch sparc"):
        lookup("zones.names", "3.2", arch="sparc")


def test_a_table_is_read_once():
    assert load_table("gfp") is load_table("gfp")
