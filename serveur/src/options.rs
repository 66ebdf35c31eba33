//! The command line of `serveur`.

use std::ffi::OsString;

use common::command_line::in_french;
use common::endpoint::Endpoint;
use common::frame::DEFAULT_PORT;

/// What `--help` shows.
pub const HELP: &str = "\
Serveur de messagerie instantanée pour deux personnes.

Utilisation : serveur [ADRESSE[:PORT] | PORT] [OPTION…]

  ADRESSE[:PORT]  où écouter ; par défaut 0.0.0.0:7878, c'est-à-dire le port
                  7878 de toutes les adresses de cette machine
                  ([::]:7878 : les adresses IPv6 aussi)
  PORT            le même, avec un autre port : serveur 7979
  --permanent     attendre la discussion suivante quand une discussion se
                  termine, au lieu de s'arrêter
  --discret       ne pas répondre aux clients qui cherchent un serveur sur le
                  réseau : il faut alors leur taper l'adresse
  -h, --help      afficher cette aide
  -V, --version   afficher la version

Le serveur affiche ce qu'il faut taper sur les machines des participants.
RUST_LOG=info montre ce qu'il fait, sur la sortie d'erreur.
";

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// To relay.
    Serve {
        /// Where to listen.
        endpoint: Endpoint,
        /// Whether one discussion follows another.
        permanent: bool,
        /// Whether clients that look for a server are not to find it.
        discreet: bool,
    },
    /// The help.
    Help,
    /// The version.
    Version,
}

/// Reads the arguments (without the program's name).
///
/// # Errors
/// A sentence for the user.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> anyhow::Result<Command> {
    let mut parser = lexopt::Parser::from_args(args);
    let mut endpoint = None;
    let (mut permanent, mut discreet) = (false, false);
    while let Some(arg) = parser.next().map_err(in_french)? {
        match arg {
            lexopt::Arg::Long("permanent") => permanent = true,
            lexopt::Arg::Long("discret") => discreet = true,
            lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => return Ok(Command::Help),
            lexopt::Arg::Short('V') | lexopt::Arg::Long("version") => return Ok(Command::Version),
            lexopt::Arg::Value(value) if endpoint.is_none() => {
                endpoint = Some(Endpoint::parse_local(&value.to_string_lossy())?);
            }
            other => return Err(in_french(other.unexpected())),
        }
    }
    let endpoint = endpoint.unwrap_or_else(|| Endpoint::everywhere(DEFAULT_PORT));
    Ok(Command::Serve { endpoint, permanent, discreet })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Command, String> {
        parse(args.iter().map(OsString::from)).map_err(|error| error.to_string())
    }

    fn serve(endpoint: &str) -> Command {
        Command::Serve { endpoint: endpoint.parse().unwrap(), permanent: false, discreet: false }
    }

    #[test]
    fn everywhere_is_the_default() {
        assert_eq!(parsed(&[]), Ok(serve("0.0.0.0:7878")));
    }

    #[test]
    fn address_and_options_in_any_order() {
        let endpoint: Endpoint = "[::1]:9000".parse().unwrap();
        for args in [["--permanent", "[::1]:9000"], ["[::1]:9000", "--permanent"]] {
            let expected = Command::Serve { endpoint: endpoint.clone(), permanent: true, discreet: false };
            assert_eq!(parsed(&args), Ok(expected));
        }
        let expected = Command::Serve { endpoint, permanent: false, discreet: true };
        assert_eq!(parsed(&["--discret", "[::1]:9000"]), Ok(expected));
    }

    #[test]
    fn a_port_alone_is_enough() {
        for port in ["7979", ":7979"] {
            assert_eq!(parsed(&[port]), Ok(serve("0.0.0.0:7979")));
        }
    }

    #[test]
    fn mistakes_are_explained_in_french() {
        for (args, words) in [
            (&["--zut"][..], "option inconnue"),
            (&["a", "b"], "en trop"),
            (&["--permanent=1"], "ne prend pas de valeur"),
            (&["a:99999"], "port"),
            (&["99999"], "port « 99999 »"),
            (&["http://a"], "adresse"),
        ] {
            let error = parsed(args).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
