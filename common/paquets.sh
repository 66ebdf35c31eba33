# Read by the scripts that install system packages: exiger PAQUET…

# Installs those of the given Debian packages that are missing; says which, and otherwise only what goes wrong.
exiger() {
    if ! command -v dpkg-query >/dev/null; then
        echo "Ce système n'a pas de paquets Debian : installez l'équivalent de : $*" >&2
        return 0
    fi
    manquants=
    for paquet in "$@"; do
        etat=$(dpkg-query -W -f '${Status}' "$paquet" 2>/dev/null || true)
        [ "$etat" = "install ok installed" ] || manquants="$manquants $paquet"
    done
    [ -n "$manquants" ] || return 0
    # The lock: a system that has just been started may be installing something itself.
    commande="apt-get update -qq; apt-get install -y -qq -o DPkg::Lock::Timeout=300 --no-install-recommends$manquants"
    administrateur=
    if [ "$(id -u)" != 0 ]; then
        # Its prompt comes even so; what else it has to say is in English and no help.
        sudo -p "Mot de passe de %p, pour installer des paquets : " -v 2>/dev/null || demander
        administrateur=sudo
    fi
    echo "Installation (une minute environ) :$manquants"
    if ! sortie=$($administrateur env DEBIAN_FRONTEND=noninteractive sh -c "$commande" 2>&1); then
        echo "$sortie" >&2
        echo "L'installation a échoué : vérifiez la connexion à Internet, puis recommencez." >&2
        exit 1
    fi
}

# Someone else has to type it.
demander() {
    echo "Il manque des paquets, que seul l'administrateur de cette machine peut installer." >&2
    echo "Qui a son mot de passe tape cette ligne, puis vous recommencez :" >&2
    echo "    su -c '$commande'" >&2
    exit 1
}
