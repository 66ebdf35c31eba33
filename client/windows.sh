#!/bin/sh
# Builds the programs for Windows, on Debian and Ubuntu: target/windows/messagerie-windows.zip. Installs what is missing
# for that. Some minutes, the first time. With arguments it is cargo, for Windows (« sh client/windows.sh test --no-run »).
set -eu
cd "$(dirname "$0")/.."
. common/paquets.sh
exiger gcc-mingw-w64-x86-64-posix g++-mingw-w64-x86-64-posix cmake make git zip

cible=x86_64-pc-windows-gnu
outil=x86_64-w64-mingw32
sortie=$PWD/target/windows
programmes=$sortie/$cible/release
fiche=$sortie/programme.o
mkdir -p "$sortie"

# Whoever builds FLTK for Windows changes its source, in cargo's folder, and has git set it back: not in the folder that
# other projects build from, nor in whatever git finds above it.
export CARGO_HOME="${XDG_CACHE_HOME:-$HOME/.cache}/messagerie-windows"
export GIT_CEILING_DIRECTORIES="$CARGO_HOME"
export CARGO_TARGET_DIR="$sortie" CARGO_BUILD_TARGET=$cible
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=$outil-gcc-posix
export CC_x86_64_pc_windows_gnu=$outil-gcc-posix CXX_x86_64_pc_windows_gnu=$outil-g++-posix
# The whole of the C libraries goes into the programs: no DLL has to stand beside them.
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUSTFLAGS="-C link-self-contained=no -C target-feature=+crt-static \
    -C link-arg=$fiche"

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
$outil-windres -DVERSION="\\\"$version\\\"" -DNUMBERS="$(echo "$version" | tr . ,),0" client/windows/programme.rc "$fiche"

# Rust's library for Windows: rustup has it; or else Debian has its source, and the compiler that goes with it.
if ! rustup target add $cible 2>/dev/null; then
    exiger rustc-web rust-web-src
    export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
    __CARGO_TESTS_ONLY_SRC_ROOT=/usr/src/rustc-$($RUSTC --version | cut -d ' ' -f 2)/library
    export __CARGO_TESTS_ONLY_SRC_ROOT
    bibliotheque=-Zbuild-std=std,panic_abort,test
fi

if [ $# -gt 0 ]; then
    exec cargo ${bibliotheque:-} "$@"
fi
cargo ${bibliotheque:-} build --release --locked -p serveur -p client -p fenetre

rm -f "$sortie/messagerie-windows.zip"
# Notepad takes it for UTF-8 by its mark, and wants CR LF.
{ printf '\357\273\277'; sed 's/$/\r/' client/windows/LISEZMOI.txt; } >"$programmes/LISEZMOI.txt"
(cd "$programmes" && zip -q -9 "$sortie/messagerie-windows.zip" client.exe messagerie.exe serveur.exe LISEZMOI.txt)
echo "Les programmes pour Windows : target/windows/messagerie-windows.zip"
