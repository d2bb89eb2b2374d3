"""What is installed for `make interop`: each in a folder of its own below `.interop`, by version.

A folder is kept until its versions change. Where the tool that installs is missing, the checks
that need it are skipped and say so.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

_ROOT: Final = Path(__file__).parents[2]
_FOLDER: Final = _ROOT / ".interop"
_INSTALL_SECONDS: Final = 900


def python_environment(name: str, *requirements: str) -> Path:
    """The interpreter of an environment that has these."""
    folder = _FOLDER / name
    python = folder / "bin" / "python"
    uv = str(Path(sys.executable).with_name("uv"))
    if not _is_installed(folder, requirements):
        _run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
        _run(uv, "pip", "install", "--quiet", "--python", str(python), *requirements)
        _note_installed(folder, requirements)
    return python


def node_packages(name: str, packages: Mapping[str, str]) -> tuple[str, Path]:
    """Node's interpreter, and the folder that has these packages."""
    node, npm = _tool("node"), _tool("npm")
    folder = _FOLDER / name
    wanted = [f"{package}@{version}" for package, version in packages.items()]
    if not _is_installed(folder, wanted):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        manifest = {"private": True, "type": "module", "dependencies": dict(packages)}
        (folder / "package.json").write_text(json.dumps(manifest))
        _run(npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", at=folder)
        _note_installed(folder, wanted)
    return node, folder


def node_client(name: str, source: Path, packages: Mapping[str, str]) -> tuple[str, ...]:
    """The command of a JavaScript client that has these packages."""
    node, folder = node_packages(name, packages)
    # Imports are looked for from where the file lies.
    copy = folder / source.name
    shutil.copyfile(source, copy)
    return node, str(copy)


def go_client(name: str, source: Path, modules: Mapping[str, str]) -> tuple[str, ...]:
    """The command of a Go client, built with these modules."""
    go = _tool("go")
    folder = _FOLDER / name
    wanted = [f"{module}@{version}" for module, version in modules.items()]
    text = source.read_text()
    if not _is_installed(folder, [*wanted, text]):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "main.go").write_text(text)
        _run(go, "mod", "init", "interop", at=folder)
        _run(go, "get", *wanted, at=folder)
        _run(go, "build", "-p", "1", "-o", "client", ".", at=folder)
        _note_installed(folder, [*wanted, text])
    return (str(folder / "client"),)


def java_client(name: str, source: Path, artifact: str) -> tuple[str, ...]:
    """The command of a Java client, built with this artifact (`group:name:version`)."""
    java, javac, maven = _tool("java"), _tool("javac"), _tool("mvn")
    folder = _FOLDER / name
    libraries = folder / "lib"
    text = source.read_text()
    if not _is_installed(folder, [artifact, text]):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "pom.xml").write_text(_pom(*artifact.split(":")))
        copies = f"-DoutputDirectory={libraries}"
        _run(maven, "-q", "-B", "dependency:copy-dependencies", copies, at=folder)
        _run(javac, "-cp", f"{libraries}/*", "-d", str(folder), str(source))
        _note_installed(folder, [artifact, text])
    return (java, "-cp", f"{folder}:{libraries}/*", source.stem)


def _pom(group: str, name: str, version: str) -> str:
    own = "<groupId>interop</groupId><artifactId>client</artifactId><version>1</version>"
    needed = (
        f"<groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version>"
    )
    return (
        f"<project><modelVersion>4.0.0</modelVersion>{own}"
        f"<dependencies><dependency>{needed}</dependency></dependencies></project>"
    )


def rust_client(name: str, source: Path, crates: Mapping[str, str]) -> tuple[str, ...]:
    """The command of a Rust client, built with these crates: what each is in Cargo.toml."""
    cargo = _tool("cargo")
    folder = _FOLDER / name
    text = source.read_text()
    if not _is_installed(folder, [*crates.items(), text]):
        shutil.rmtree(folder / "src", ignore_errors=True)
        (folder / "src").mkdir(parents=True)
        (folder / "src" / "main.rs").write_text(text)
        package = '[package]\nname = "client"\nedition = "2024"\n[workspace]\n[dependencies]\n'
        needed = "".join(f"{crate} = {version}\n" for crate, version in crates.items())
        (folder / "Cargo.toml").write_text(package + needed)
        _run(cargo, "build", "--quiet", "--jobs", "1", at=folder)
        _note_installed(folder, [*crates.items(), text])
    return (str(folder / "target" / "debug" / "client"),)


def _tool(name: str) -> str:
    """Where a program is; skips what asks for it where it is missing."""
    if (found := shutil.which(name)) is None:
        pytest.skip(f"{name} is not installed")
    return found


def _is_installed(folder: Path, what: object) -> bool:
    stamp = folder / ".installed"
    return stamp.exists() and stamp.read_text() == repr(what)


def _note_installed(folder: Path, what: object) -> None:
    (folder / ".installed").write_text(repr(what))


def _run(*command: str, at: Path | None = None) -> None:
    done = subprocess.run(
        command, cwd=at, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
