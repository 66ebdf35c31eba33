#!/bin/sh
# Installs what the tests need beside what the window needs, on Debian and Ubuntu: an X server without a screen,
# something that presses keys, something that takes pictures, fonts, networks to be made and taken apart,
# and what counts system calls. Does nothing when it is there.
set -eu
dossier=$(dirname "$0")
sh "$dossier/../client/paquets.sh"
. "$dossier/../common/paquets.sh"

exiger strace iproute2 xvfb xdotool xclip imagemagick x11-utils fonts-dejavu-core fonts-noto-core
