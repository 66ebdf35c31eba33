#!/bin/sh
# Installs what the window (FLTK) needs to be built on Debian and Ubuntu, and a font with emoji for it. Does nothing
# when it is there.
set -eu
. "$(dirname "$0")/../common/paquets.sh"

exiger g++ cmake make pkg-config \
    libx11-dev libxext-dev libxft-dev libxinerama-dev libxcursor-dev libxrender-dev libxfixes-dev \
    libpango1.0-dev libgl-dev libglu1-mesa-dev fonts-noto-color-emoji
