#!/usr/bin/env bash
# usage: install.sh PYTHON REQUIREMENTS...
#
# Makes .venv with that interpreter, or brings it up to date, with what the files of requirements
# pin, by uv where there is one or where they pin one, and else by pip. Beside the packages nothing
# is fetched: no build tools, no newer pip.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

python=$1
shift
test -n "$python" || {
    echo "LLM Proxy needs Python 3.11 or newer; none was found as python3." \
        "Install one, or name it: make install PYTHON=/path/to/python3.13" >&2
    exit 1
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "$python is not Python 3.11 or newer." >&2
    exit 1
}

# A locked file is a complete closure (and pytest-sanic asks for a websockets that Sanic cannot
# use). Copies would be no faster than links into uv's cache, and take a disk of their own.
by_uv() {
    "$1" pip install --quiet --python .venv --no-deps --require-hashes --requirements "$2"
}

by_pip() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps \
        --require-hashes --requirement "$1"
}

# Development has a uv among what it pins, which fetches and unpacks side by side, in a third of
# pip's time. But of an index or a proxy that pip is told of, uv does not know.
by_own_uv() {
    grep -q '^uv==' "$1" || return 1
    test -z "$(.venv/bin/python -m pip config list | grep -E 'index|proxy')" || return 1
    awk '/^[^ ]/ { is_uv = /^uv==/ } is_uv' "$1" >.venv/uv.txt
    by_pip .venv/uv.txt && by_uv .venv/bin/uv "$1"
}

if uv=$(command -v uv); then
    test -x .venv/bin/python || "$uv" venv --quiet --allow-existing --python "$python" .venv
    for file in "$@"; do
        by_uv "$uv" "$file"
    done
else
    # Also where a uv made .venv, which brings no pip.
    test -x .venv/bin/pip || "$python" -m venv .venv || {
        echo "No virtual environment could be made; on Debian: apt-get install python3-venv" >&2
        exit 1
    }
    for file in "$@"; do
        by_own_uv "$file" || by_pip "$file"
    done
fi
# On all cores, which pip cannot; templates, which are no Python, are passed over. A fifth is sources
# of mypy, which is compiled to machine code, and of languages that are highlighted, one at a time.
.venv/bin/python -m compileall -qq -j 0 -x '/(mypyc?|lexers)/' .venv/lib >/dev/null || true

# What `pip install --editable .` does, without the build tools that would have to be fetched for it.
.venv/bin/python - <<'PYTHON'
import sys
import sysconfig
from pathlib import Path

packages, scripts = (Path(sysconfig.get_path(kind)) for kind in ("purelib", "scripts"))
(packages / "llm-proxy.pth").write_text(f"{Path.cwd()}\n", encoding="utf-8")
command = scripts / "llm-proxy"
# A shell starts Python: the path of an interpreter may hold spaces, which no #! line can.
command.write_text(f"""#!/bin/sh
'''exec' "{sys.executable}" "$0" "$@"
' '''
import sys
from cli.__main__ import main
sys.exit(main())
""", encoding="utf-8")
command.chmod(0o755)
PYTHON
