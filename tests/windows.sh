#!/bin/sh
# Builds the programs for Windows and tries them here, under Wine: its own tests (tests/windows.rs), the suites that test
# programs from outside, and the unit tests as Windows programs. No part of « cargo test »: it takes ten minutes or more.
set -eu
cd "$(dirname "$0")/.."
sh tests/paquets.sh
. common/paquets.sh
exiger wine wine64 xauth
# Wine takes every screen for that of the first program, which so is as large as the one on which the test's window is.
[ "${1:-}" = ecran ] || exec xvfb-run -a -s "-screen 0 520x700x24" sh tests/windows.sh ecran
sh client/windows.sh

dossier=$PWD/target/windows/essais
programmes=$PWD/target/windows/x86_64-pc-windows-gnu/release
wine=$(command -v wine64 || echo /usr/lib/wine/wine64)
# Wine writes the names of files in the locale's letters.
export LC_ALL=C.UTF-8
export WINEPREFIX="$dossier/wine" WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml="
mkdir -p "$dossier"
wineboot --init 2>/dev/null
x86_64-w64-mingw32-gcc-posix -shared -O1 -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" \
    tests/windows/bcryptprimitives.c -ladvapi32

# What is started and killed like a program of this system.
for nom in client messagerie serveur; do
    printf '#!/bin/sh\nexec %s "%s/%s.exe" "$@"\n' "$wine" "$programmes" $nom >"$dossier/$nom"
    chmod +x "$dossier/$nom"
done

# What Wine starts for the first program stays, with that one's outputs, as long as any program runs: so that it belongs
# to none of the tests, one runs all the time.
"$dossier/serveur" 127.0.0.1:0 --permanent --discret </dev/null >/dev/null 2>&1 &
trap 'kill $!; wineserver --kill' EXIT

echo "== Ce que Windows dit des programmes"
for nom in client messagerie serveur; do
    strings -e l "$programmes/$nom.exe" | grep -q '^FileDescription$'
done

echo "== Ensemble avec ceux de ce système"
MESSAGERIE_WINDOWS="$dossier" cargo test -p tests --test windows

echo "== Les essais des programmes, avec ceux de Windows"
# Left out: what concerns X and the libraries of this system (programs), what is counted in /proc, where Wine's own
# threads and memory are counted too, and what the shell's limits do not do to Wine (faults).
MESSAGERIE_PROGRAMMES="$dossier" cargo test -p tests --no-fail-fast \
    --test coursework --test bad_input --test programs --test terminal --test faults -- \
    --skip what_needs_no_window --skip without_a_screen \
    --skip a_hundred_megabytes --skip a_thousand_discussions --skip a_crowd_of_a_thousand \
    --skip thrown_out_at_once --skip without_file_descriptors

echo "== Les essais des caisses, comme programmes de Windows"
# As they are built to be used: otherwise MinGW's linker misses functions of Windows that nothing calls. Left out: what
# Wine sends from another address than the one it was told to.
CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER="$wine" sh client/windows.sh test --release --locked \
    -p common -p serveur -p client -p fenetre --lib -- --skip the_answer_comes_from_an_address
