from xrayscan.files.text import with_size


def test_sizes_of_files_are_stated_in_kilobytes_and_megabytes(tmp_path):
    for size, shown in ((1500, "1.5 kB"), (2_340_000, "2.3 MB")):
        (tmp_path / "a").write_bytes(bytes(size))
        assert with_size(str(tmp_path / "a")) == f"{tmp_path / 'a'} ({shown})"
