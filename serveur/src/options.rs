//! The command line of `serveur`.

use std::ffi::OsString;

use common::command_line::in_french;
use common::endpoint::Endpoint;
use common::frame::DEFAULT_PORT;

/// What `--help` shows.
pub const HELP: &str = "\
Serveur de messagerie instantanée pour deux personnes.

Utilisation : serveur [ADRESSE[:PORT] | PORT] [--permanent]

  ADRESSE[:PORT]  où écouter ; par défaut 0.0.0.0:7878, c'est-à-dire le port
                  7878 de toutes les adresses de cette machine
                  ([::]:7878 : les adresses IPv6 aussi)
  PORT            le même, avec un autre port : serveur 7979
  --permanent     attendre la discussion suivante quand une discussion se
                  termine, au lieu de s'arrêter
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
    let mut permanent = false;
    while let Some(arg) = parser.next().map_err(in_french)? {
        match arg {
            lexopt::Arg::Long("permanent") => permanent = true,
            lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => return Ok(Command::Help),
            lexopt::Arg::Short('V') | lexopt::Arg::Long("version") => return Ok(Command::Version),
            lexopt::Arg::Value(value) if endpoint.is_none() => {
                endpoint = Some(Endpoint::parse_local(&value.to_string_lossy())?);
            }
            other => return Err(in_french(other.unexpected())),
        }
    }
    let endpoint = endpoint.unwrap_or_else(|| Endpoint::everywhere(DEFAULT_PORT));
    Ok(Command::Serve { endpoint, permanent })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Command, String> {
        parse(args.iter().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn everywhere_is_the_default() {
        let endpoint: Endpoint = "0.0.0.0:7878".parse().unwrap();
        assert_eq!(parsed(&[]), Ok(Command::Serve { endpoint, permanent: false }));
    }

    #[test]
    fn address_and_option_in_any_order() {
        let endpoint: Endpoint = "[::1]:9000".parse().unwrap();
        for args in [["--permanent", "[::1]:9000"], ["[::1]:9000", "--permanent"]] {
            assert_eq!(parsed(&args), Ok(Command::Serve { endpoint: endpoint.clone(), permanent: true }));
        }
    }

    #[test]
    fn a_port_alone_is_enough() {
        let endpoint = Endpoint::everywhere(7979);
        for port in ["7979", ":7979"] {
            assert_eq!(parsed(&[port]), Ok(Command::Serve { endpoint: endpoint.clone(), permanent: false }));
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
