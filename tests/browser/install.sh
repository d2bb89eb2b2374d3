#!/bin/sh
# Makes sure that the browser tests find a Chromium. Does nothing where there is one.
set -eu
cd "$(dirname "$0")/../.."

for name in chromium-headless-shell chromium chromium-browser; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done
if .venv/bin/python - <<'PYTHON'
import sys
from pathlib import Path
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    sys.exit(not Path(playwright.chromium.executable_path).exists())
PYTHON
then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq || true
    export DEBIAN_FRONTEND=noninteractive
    # The smaller and quicker one, which not every release has.
    apt-get install -y -qq chromium-headless-shell >/dev/null 2>&1 && exit 0
    apt-get install -y -qq chromium >/dev/null && exit 0
fi
.venv/bin/python -m playwright install chromium && exit 0
echo "No Chromium could be installed, and the browser tests need one. On Debian, as root:" \
    "apt-get install chromium. Elsewhere: .venv/bin/python -m playwright install chromium." >&2
exit 1
