# Read by the scripts that install system packages: exiger PAQUET…

# Installs those of the given Debian packages that are missing, and says which.
exiger() {
    manquants=
    if ! command -v dpkg-query >/dev/null; then
        echo "Ce système n'a pas de paquets Debian : installez l'équivalent de : $*" >&2
        return 0
    fi
    for paquet in "$@"; do
        etat=$(dpkg-query -W -f '${Status}' "$paquet" 2>/dev/null || true)
        [ "$etat" = "install ok installed" ] || manquants="$manquants $paquet"
    done
    [ -n "$manquants" ] || return 0
    echo "Paquets à installer :$manquants"
    administrateur=
    [ "$(id -u)" = 0 ] || administrateur=sudo
    $administrateur apt-get update -qq
    # Each package is a word of its own.
    # shellcheck disable=SC2086
    $administrateur env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $manquants
}
