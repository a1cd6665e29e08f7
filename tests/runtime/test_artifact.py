"""The artifact file: the same bytes every time, members where they can be mapped, damage found and named."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runtime_models import answering, scale_and_shift, through_host_steps

import mlc
from mlc.runtime import Artifact, ArtifactError, Executable, ProfileRow, archive, load


@pytest.fixture
def path(tmp_path: Path) -> Path:
    scale_and_shift().save(tmp_path / "model.mlc")
    return tmp_path / "model.mlc"


def fields(artifact: Artifact) -> dict[str, object]:
    return {f.name: getattr(artifact, f.name) for f in dataclasses.fields(artifact) if f.name != "weights"}


def test_a_saved_artifact_is_loaded_as_it_was(tmp_path: Path) -> None:
    saved = dataclasses.replace(
        through_host_steps(),
        errors=("node 'ü' {0}",),
        profile_rows=(ProfileRow("k", ("conv1", "bn1")),),
        target="x86-64-v3",
        features=("sse2",),
        ir="module {}\n",
        looked_up=((0, 8),),
    )
    saved.save(tmp_path / "m.mlc")
    loaded = load(tmp_path / "m.mlc", verify=True)
    assert fields(loaded) == fields(saved)
    np.testing.assert_array_equal(loaded.weights, saved.weights)


def test_a_loaded_model_computes_the_same(path: Path, tmp_path: Path) -> None:
    x = np.arange(8, dtype=np.float32).reshape(2, 4)
    loaded = Executable.load(path)
    np.testing.assert_array_equal(loaded(x), Executable(scale_and_shift())(x))
    loaded.save(tmp_path / "again.mlc")
    assert (tmp_path / "again.mlc").read_bytes() == path.read_bytes()


def test_a_fresh_process_runs_a_model_without_onnx_or_torch(path: Path) -> None:
    script = (
        f"import sys; sys.path[:] = {sys.path!r}\nimport numpy as np\nfrom mlc.runtime import Executable\n"
        f"print(Executable.load({str(path)!r})(np.ones((1, 4), 'f')).tolist())\n"
        "print(sorted({'onnx', 'torch', 'networkx', 'mlc.ir'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout == "[[3.0, 4.0, 5.0, 6.0]]\n[]\n"


def test_saving_twice_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    scale_and_shift().save(tmp_path / "other.mlc")
    assert (tmp_path / "other.mlc").read_bytes() == path.read_bytes()


def test_the_file_is_a_zip_of_stored_aligned_members(path: Path) -> None:
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        assert file.namelist() == ["manifest.json", "code/double.o", "code/main.o", "weights.bin", "final.mlir"]
        assert {m.compress_type for m in file.infolist()} == {zipfile.ZIP_STORED}
        assert {m.date_time for m in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    for content in archive.map_archive(path).values():
        assert content.ctypes.data % 64 == 0


def test_members_of_any_size_start_on_a_boundary(tmp_path: Path) -> None:
    for size in range(130):
        archive.write_archive(tmp_path / "a", {"x" * (1 + size): b"y" * size, "b": b"z"})
        for content in archive.map_archive(tmp_path / "a").values():
            assert content.ctypes.data % 64 == 0


def test_a_member_past_the_zip64_limit_is_aligned_and_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    members = {"small": b"a", "large": bytes(range(250)) * 8, "last": b"b"}
    archive.write_archive(tmp_path / "a", members)
    found = archive.map_archive(tmp_path / "a")
    assert {name: content.tobytes() for name, content in found.items()} == members
    assert all(content.ctypes.data % 64 == 0 for content in found.values())


class Recording(io.BytesIO):
    """A file that keeps the sizes of its writes."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def write(self, data: Any) -> int:
        self.sizes.append(memoryview(data).nbytes)
        return super().write(data)


def test_what_is_looked_up_is_written_in_small_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = np.random.default_rng(0).integers(0, 256, 1 << 20, np.uint8).tobytes()
    monkeypatch.setattr(archive, "replace_file", lambda _, write: write(file))
    for ranges, largest in (((), 1 << 20), (((0, 1 << 20),), 1 << 16), (((1000, 300000), (400000, 500001)), 548575)):
        file = Recording()
        archive.write_archive(tmp_path / "a", {"small": b"a", "large": content}, {"large": ranges})
        assert max(file.sizes) == largest
        assert zipfile.ZipFile(file).read("large") == content


def test_weights_are_mapped_and_survive_a_new_file_at_their_path(path: Path) -> None:
    exe = Executable.load(path)
    assert not exe.artifact.weights.flags.owndata and not exe.artifact.weights.flags.writeable
    answering(()).save(path)
    np.testing.assert_array_equal(exe(np.zeros((1, 4), np.float32)), [[1, 2, 3, 4]])


def test_a_failed_save_leaves_the_old_file_and_no_other(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(archive.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        answering(()).save(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["model.mlc"]


def test_a_new_file_has_ordinary_permissions(path: Path) -> None:
    plain = path.with_name("plain")
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode


# ---- damage ----------------------------------------------------------------------------------------------------------


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Writes the archive again with its members changed."""
    members = {name: content.tobytes() for name, content in archive.map_archive(path).items()}
    change(members)
    archive.write_archive(path, members)


def edited_manifest(**changes: object) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        members["manifest.json"] = json.dumps({**json.loads(members["manifest.json"]), **changes}).encode()

    return change


def flipped(name: str) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        members[name] = bytes([members[name][0] ^ 1]) + members[name][1:]

    return change


def error_of(path: Path, *, verify: bool = False) -> str:
    """The one line that loading the file fails with, after its path."""
    with pytest.raises(ArtifactError) as raised:
        Executable.load(path, verify=verify)
    text = str(raised.value)
    assert text.startswith(f"{path}: ") and "\n" not in text
    return text.removeprefix(f"{path}: ")


def test_another_format_version_is_named(path: Path) -> None:
    rewritten(path, edited_manifest(format_version=99, mlc_version="7.0"))
    assert error_of(path) == (
        f"made by mlc 7.0 in artifact format 99, but mlc {mlc.__version__} reads format 4: compile the model again"
    )


def test_a_missing_cpu_feature_is_named(path: Path) -> None:
    rewritten(path, edited_manifest(target="cray", features=["sse2", "vector9000"]))
    assert error_of(path) == "compiled for cray, but this CPU has no vector9000; compile it for this machine"


@pytest.mark.parametrize("name", ["code/main.o", "code/double.o", "final.mlir"])
def test_damaged_code_or_ir_is_found_at_load(path: Path, name: str) -> None:
    rewritten(path, flipped(name))
    assert error_of(path).startswith(f"{name} is damaged: its checksum differs from the manifest's")


def test_damaged_weights_are_found_by_verify(path: Path) -> None:
    rewritten(path, flipped("weights.bin"))
    Executable.load(path)
    assert error_of(path, verify=True).startswith("weights.bin is damaged")


def test_a_damaged_manifest_is_found_at_load(path: Path) -> None:
    content = path.read_bytes()
    at = content.index(b'"float32"')
    path.write_bytes(content[:at] + b'"float64"' + content[at + 9 :])
    assert error_of(path) == "not an mlc artifact, or a damaged one: manifest.json is damaged"


def test_a_member_missing_or_too_many_is_named(path: Path) -> None:
    rewritten(path, lambda members: members.update(extra=b""))
    assert error_of(path).endswith("its members are not those of its manifest: extra")
    scale_and_shift().save(path)
    rewritten(path, lambda members: members.__delitem__("weights.bin"))
    assert error_of(path).endswith("its members are not those of its manifest: weights.bin")


def test_a_file_cut_short_anywhere_is_an_artifact_error(path: Path) -> None:
    content = path.read_bytes()
    for length in [0, 1, 3, 30, 100, len(content) // 2, len(content) - 30, len(content) - 1]:
        path.write_bytes(content[:length])
        assert error_of(path).startswith("not an mlc artifact, or a damaged one: ")


def test_random_bytes_are_an_artifact_error(tmp_path: Path) -> None:
    for seed in range(20):
        (tmp_path / "m").write_bytes(np.random.default_rng(seed).bytes(2000))
        assert error_of(tmp_path / "m").startswith("not an mlc artifact, or a damaged one: ")


def test_any_flipped_byte_is_found_or_harmless(path: Path) -> None:
    """Under verify no flip of a byte gives another model: it is refused, or nothing that counts was in that byte."""
    content = path.read_bytes()
    whole = load(path, verify=True)
    for at in np.random.default_rng(0).integers(0, len(content), 300).tolist():
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :])
        try:
            loaded = load(path, verify=True)
        except ArtifactError:
            continue
        assert fields(loaded) == fields(whole), at
        np.testing.assert_array_equal(loaded.weights, whole.weights)


def test_any_flipped_bit_of_the_directory_is_found_or_harmless(path: Path) -> None:
    content = path.read_bytes()
    whole = load(path, verify=True)
    for at in range(content.index(b"PK\x01\x02"), len(content)):
        for bit in (0x01, 0x80):
            path.write_bytes(content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :])
            try:
                loaded = load(path, verify=True)
            except ArtifactError as error:
                assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
                continue
            assert fields(loaded) == fields(whole), at


def test_a_missing_file_and_a_folder_are_artifact_errors(tmp_path: Path) -> None:
    assert error_of(tmp_path / "none.mlc") == "No such file or directory"
    assert error_of(tmp_path) == "Is a directory"


def test_a_compressed_zip_is_refused(path: Path) -> None:
    members = {name: content.tobytes() for name, content in archive.map_archive(path).items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    assert error_of(path).endswith("manifest.json is compressed")


def test_a_model_with_host_steps_asks_for_the_loader_that_knows_them(tmp_path: Path) -> None:
    through_host_steps().save(tmp_path / "m.mlc")
    assert error_of(tmp_path / "m.mlc") == (
        "it has steps that run in Python (Positive 'p', ToList 'l'); load it with mlc.Executable.load"
    )


def test_checksums_in_the_manifest_are_sha256_of_the_members(path: Path) -> None:
    with zipfile.ZipFile(path) as file:
        manifest = json.loads(file.read("manifest.json"))
        for name, checksum in manifest["checksums"].items():
            assert checksum == hashlib.sha256(file.read(name)).hexdigest()
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["mlc_version"])
