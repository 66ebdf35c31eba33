#!/bin/sh
# Builds the programs for Windows and tries them here, under Wine: its own tests (tests/windows.rs), the suites that test
# programs from outside, and the unit tests as Windows programs. No part of « cargo test »: it takes ten minutes or more.
set -eu
cd "$(dirname "$0")/.."
sh tests/paquets.sh
sh client/windows.sh
. common/paquets.sh
exiger wine wine64 xauth
# Whichever program of Windows is first decides for all that run with it whether there are windows.
[ -n "${DISPLAY:-}" ] || exec xvfb-run -a sh tests/windows.sh

dossier=$PWD/target/windows/essais
programmes=$PWD/target/windows/x86_64-pc-windows-gnu/release
wine=$(command -v wine64 || echo /usr/lib/wine/wine64)
export WINEPREFIX="$dossier/wine" WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml="
mkdir -p "$dossier"
wineboot --init 2>/dev/null
trap 'wineserver --kill' EXIT
x86_64-w64-mingw32-gcc-posix -shared -O1 -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" \
    tests/windows/bcryptprimitives.c -ladvapi32

# What is started and killed like a program of this system.
for nom in client messagerie serveur; do
    printf '#!/bin/sh\nexec %s "%s/%s.exe" "$@"\n' "$wine" "$programmes" $nom >"$dossier/$nom"
    chmod +x "$dossier/$nom"
done

echo "== Ce que Windows dit des programmes"
for nom in client messagerie serveur; do
    strings -e l "$programmes/$nom.exe" | grep -q '^FileDescription$'
done

echo "== Ensemble avec ceux de ce système"
MESSAGERIE_WINDOWS="$dossier" cargo test -p tests --test windows

echo "== Les essais des programmes, avec ceux de Windows"
MESSAGERIE_PROGRAMMES="$dossier" cargo test -p tests --no-fail-fast \
    --test coursework --test bad_input --test programs --test terminal --test faults

echo "== Les essais des caisses, comme programmes de Windows"
CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER="$wine" sh client/windows.sh test --locked \
    -p common -p serveur -p client -p fenetre --lib
