#!/bin/sh
# Puts Debian's packages, and what they need that is missing, into a directory: nothing is
# installed into the system, no service is started, and root is needed for package lists alone.
#   install.sh DIRECTORY PACKAGE...
# DIRECTORY/PACKAGE.unpacked says that it is done.
set -eu

directory=$1
shift
command -v apt-get >/dev/null || { echo "there is no apt-get here" >&2; exit 1; }
mkdir -p "$directory/archives"
cd "$directory/archives"

# Prints 'URI' FILE SIZE CHECKSUM for the packages and all they need that is not installed.
missing() {
    apt-get --print-uris -qq --no-install-recommends -o Debug::NoLocking=1 install "$1"
}

fetch() {
    # A package that the system has already needs no unpacking; the caller finds it there.
    names=$(missing "$1" | sed -n "s/^'[^']*' \([^_]*\)_.*/\1/p")
    [ -z "$names" ] || apt-get download -qq -o APT::Sandbox::User=root $names
}

for package in "$@"; do
    [ ! -e "$directory/$package.unpacked" ] || continue
    if ! fetch "$package"; then
        # Lists that are missing, or older than the mirror.
        [ "$(id -u)" = 0 ] || { echo "root could run: apt-get update" >&2; exit 1; }
        apt-get update -qq
        fetch "$package"
    fi
    for archive in *.deb; do
        [ ! -e "$archive" ] || dpkg-deb --extract "$archive" "$directory"
    done
    rm -f -- *.deb
    touch "$directory/$package.unpacked"
done
