#!/bin/sh
# Makes the README's animation again, client/images/cable.gif, from the real windows of « client --demo »: type, pull the
# cable, type on, plug it in, and everything arrives once. Needs what paquets.sh installs, and a client that is built:
#
#     cargo build --release && sh tests/animation.sh
set -eu
client=$(dirname "$0")/../target/release/client
image=$(dirname "$0")/../client/images/cable.gif
most=1048576

work=$(mktemp -d)
# The X server ends last.
trap 'kill $demo $screen 2>/dev/null; rm -rf "$work"' EXIT
demo=
mkfifo "$work/display"
Xvfb -displayfd 3 -screen 0 1016x700x24 -wr -noreset -nolisten tcp 3>"$work/display" 2>"$work/xvfb.log" &
screen=$!
read -r number <"$work/display"
export DISPLAY=":$number" FLTK_BACKEND=x11 LC_ALL=C.UTF-8
export XDG_CONFIG_HOME="$work" MESSAGERIE_DONNEES="$work" MESSAGERIE_THEME=clair

# Does something again and again, for 20 s at most, until its output matches.
wait_for() {
    pattern=$1
    shift
    for _ in $(seq 100); do
        case "$("$@")" in $pattern) return ;; esac
        sleep 0.2
    done
    echo "$pattern: never seen" >&2
    exit 1
}

titles() {
    xdotool search --name 'Messagerie$' | while read -r id; do xdotool getwindowname "$id"; done | sort | tr '\n' ' '
}

# Both windows' count, which a click copies.
count() {
    xdotool mousemove --window "$bob" 100 53 click 1
    xclip -selection clipboard -out || true
}

frames=0
# One more frame, shown for so many hundredths of a second.
frame() {
    frames=$((frames + 1))
    import -window root "$work/$frames.miff"
    echo "-delay $1 $work/$frames.miff" >>"$work/frames"
}

click() {
    xdotool mousemove --window "$1" "$2" 24 click 1
    sleep 0.3
    frame 100
}

# Types a text (ASCII) word by word, and Enter.
say() {
    xdotool windowfocus --sync "$1"
    # Not a pattern: « ? » is said as it stands.
    set -f
    for word in $2; do
        xdotool type --delay 5 "$word "
        frame 14
    done
    xdotool key BackSpace Return
    sleep 0.3
    frame 90
}

"$client" --demo &
demo=$!
wait_for '*alice avec bob*bob avec alice*' titles
alice=$(xdotool search --name '^alice avec')
bob=$(xdotool search --name '^bob avec')

frame 80
say "$alice" 'Salut Bob ! Regarde bien :'
say "$bob" 'Je regarde.'
click "$alice" 70
say "$alice" 'Je viens de tirer le fil.'
say "$alice" 'Tu ne vois rien de tout cela.'
say "$bob" 'Tu ne dis plus rien ?'
click "$alice" 70
wait_for '*écrits 5 · affichés 5 ·*perdus 0' count
xdotool mousemove --window "$alice" 400 400
sleep 0.3
frame 500

# shellcheck disable=SC2046
convert -loop 0 $(cat "$work/frames") +dither -colors 64 -layers OptimizePlus -layers OptimizeTransparency "$image"
size=$(wc -c <"$image")
echo "$image: $size bytes"
[ "$size" -le $most ]
