//! The command line of `client`.

use std::ffi::OsString;

use anyhow::bail;
use common::address::Pseudo;
use common::command_line::in_french;
use common::endpoint::{Endpoint, EndpointError};

use crate::terminal::errand::Errand;

/// What `--help` shows.
pub const HELP: &str = "\
Messagerie instantanée pour deux personnes.

Utilisation :
  client [HOTE[:PORT]] [PSEUDO]              dans une fenêtre
  client [HOTE[:PORT]] [PSEUDO] --terminal   dans le terminal
  client --heberge [PORT] [PSEUDO]           cette machine est aussi le serveur
  client --demo                              deux fenêtres sur cette machine
  client --historique [PSEUDO]               ce qui a été dit auparavant
  client [HOTE[:PORT]] PSEUDO --envoyer FICHIER…
  client [HOTE[:PORT]] PSEUDO --recevoir DOSSIER

  HOTE[:PORT]    l'adresse que « serveur » affiche au démarrage ;
                 le port est 7878 si rien d'autre n'est dit ; sans adresse,
                 le serveur est cherché sur ce réseau et sur cette machine
  PSEUDO         votre nom : 1 à 32 lettres, chiffres, « _ », « - » ou « . »
  --terminal     sans fenêtre : on tape, on lit ; « quitter » seul sur une
                 ligne quitte la discussion, /aide montre le reste ;
                 l'entrée peut être un fichier (client … < fichier) :
                 chaque ligne est un message
  --ecoute       dans le terminal, lire seulement : rien n'est envoyé, et
                 cela dure jusqu'à ce que l'autre quitte
  --envoyer      proposer ces fichiers, et quitter quand tous sont reçus
  --recevoir     accepter dans ce dossier tout ce qui est proposé, jusqu'à ce
                 que l'autre quitte
  --historique   afficher ce qui est gardé sous votre PSEUDO (inutile s'il n'y
                 en a qu'un), le plus récent d'abord, sans se connecter
                 (client --historique | less)
  --avec-historique, --sans-historique
                 garder, ou non, la discussion sur cette machine, pour
                 la retrouver et la continuer ; d'ordinaire elle l'est, sauf
                 avec --demo, --ecoute, un fichier ou un tube
  --heberge      lancer aussi le serveur, sur le port PORT (ou 7878) ; avec
                 --discret, les clients qui cherchent un serveur ne le
                 trouvent pas
  --demo         essayer : un serveur et deux participants, alice et bob
  -h, --help     afficher cette aide
  -V, --version  afficher la version

La fenêtre demande ce qui manque. RUST_LOG=info montre ce que fait le
programme, sur la sortie d'erreur. Statut à la fin : 0 si tout est fait,
1 si quelque chose n'a pas marché, 2 si la commande est mal écrite.
";

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The window.
    Window {
        /// The server, if given.
        server: Option<Endpoint>,
        /// The name, if given.
        pseudo: Option<Pseudo>,
        /// Whether the discussion is to be kept, if that was said.
        keep: Option<bool>,
    },
    /// The terminal.
    Terminal {
        /// The server, if given.
        server: Option<Endpoint>,
        /// The name, if given.
        pseudo: Option<Pseudo>,
        /// Nothing is to be sent.
        listen: bool,
        /// Whether the discussion is to be kept, if that was said.
        keep: Option<bool>,
    },
    /// Files are sent or received, with nobody in front.
    Files {
        /// The server, if given.
        server: Option<Endpoint>,
        /// The name, if given.
        pseudo: Option<Pseudo>,
        /// Whether the discussion is to be kept, if that was said.
        keep: Option<bool>,
        /// What is to be done.
        errand: Errand,
    },
    /// The server and a window.
    Host {
        /// The port, if given.
        port: Option<u16>,
        /// Whether clients that look for a server are not to find it.
        discreet: bool,
        /// The name, if given.
        pseudo: Option<Pseudo>,
        /// Whether the discussion is to be kept, if that was said.
        keep: Option<bool>,
    },
    /// A server and two windows.
    Demo {
        /// Whether the discussion is to be kept.
        keep: bool,
    },
    /// What was kept.
    History {
        /// Under which name, if given.
        pseudo: Option<Pseudo>,
    },
    /// The help.
    Help,
    /// The version.
    Version,
}

/// Where the discussion is to be shown, as the options say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Window,
    Terminal,
    Host,
    Demo,
    History,
    Files,
}

/// Reads the arguments (without the program's name).
///
/// # Errors
/// A sentence for the user.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> anyhow::Result<Command> {
    let mut parser = lexopt::Parser::from_args(args);
    let mut mode = Mode::Window;
    let (mut listen, mut keep, mut discreet) = (false, None, false);
    let mut values = Vec::new();
    let mut errand = None;
    while let Some(arg) = parser.next().map_err(in_french)? {
        let chosen = match arg {
            lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => return Ok(Command::Help),
            lexopt::Arg::Short('V') | lexopt::Arg::Long("version") => return Ok(Command::Version),
            lexopt::Arg::Long("terminal") => Mode::Terminal,
            lexopt::Arg::Long("ecoute") => {
                listen = true;
                Mode::Terminal
            }
            lexopt::Arg::Long(option @ ("avec-historique" | "sans-historique")) => {
                let asked = option == "avec-historique";
                if keep.replace(asked).is_some_and(|before| before != asked) {
                    bail!("--avec-historique et --sans-historique se contredisent : choisissez");
                }
                continue;
            }
            lexopt::Arg::Long("historique") => Mode::History,
            lexopt::Arg::Long(option @ ("envoyer" | "recevoir")) => {
                let asked = match option {
                    "envoyer" => Errand::Send(Vec::new()),
                    _ => Errand::Receive(parser.value().map_err(in_french)?.into()),
                };
                if errand.replace(asked).is_some() {
                    bail!("--envoyer et --recevoir ne se disent qu'une fois, et pas ensemble");
                }
                Mode::Files
            }
            lexopt::Arg::Long("heberge") => Mode::Host,
            lexopt::Arg::Long("demo") => Mode::Demo,
            lexopt::Arg::Long("discret") => {
                discreet = true;
                continue;
            }
            lexopt::Arg::Value(value) => {
                match &mut errand {
                    Some(Errand::Send(files)) => files.push(value.into()),
                    _ if values.len() < 2 => values.push(value.to_string_lossy().into_owned()),
                    _ => return Err(in_french(lexopt::Arg::Value(value).unexpected())),
                }
                continue;
            }
            other => return Err(in_french(other.unexpected())),
        };
        if mode != Mode::Window && mode != chosen {
            bail!("{}", clash(mode, chosen));
        }
        mode = chosen;
    }
    if errand == Some(Errand::Send(Vec::new())) {
        bail!("il manque ce qui est à envoyer : client HOTE[:PORT] PSEUDO --envoyer FICHIER…");
    }
    match command(mode, listen, keep, errand, values)? {
        Command::Host { port, pseudo, keep, .. } => Ok(Command::Host { port, discreet, pseudo, keep }),
        _ if discreet => bail!("--discret ne va qu'avec --heberge, ou avec « serveur »"),
        command => Ok(command),
    }
}

fn clash(one: Mode, other: Mode) -> &'static str {
    if one == Mode::History || other == Mode::History {
        "--historique affiche ce qui a été dit et ne va avec aucune discussion"
    } else if one == Mode::Files || other == Mode::Files {
        "--envoyer et --recevoir font leur travail sans fenêtre ni discussion : ils vont avec une adresse et un pseudo"
    } else if one == Mode::Host || other == Mode::Host {
        "--heberge ne va ni avec --demo ni avec --terminal et --ecoute : choisissez"
    } else {
        "--demo montre deux fenêtres ; dans le terminal, lancez plutôt « serveur », puis deux fois \
         « client localhost PSEUDO --terminal »"
    }
}

fn command(
    mode: Mode,
    listen: bool,
    keep: Option<bool>,
    errand: Option<Errand>,
    values: Vec<String>,
) -> anyhow::Result<Command> {
    let mut values = values.into_iter().peekable();
    Ok(match mode {
        Mode::Host => {
            // A name may come first: every port is a number, and few names are.
            let port = values.next_if(|value| value.bytes().all(|b| b.is_ascii_digit()));
            let port = port.map(|port| parse_port(&port)).transpose()?;
            Command::Host { port, discreet: false, pseudo: pseudo(values)?, keep }
        }
        Mode::Demo => match values.next() {
            Some(value) => bail!("argument en trop avec --demo : {value}"),
            None => Command::Demo { keep: keep == Some(true) },
        },
        Mode::History if keep.is_some() => bail!("{}", clash(mode, mode)),
        Mode::History => Command::History { pseudo: pseudo(values)? },
        Mode::Window | Mode::Terminal | Mode::Files => {
            let server = values.next().map(|value| Endpoint::parse_remote(&value)).transpose()?;
            let pseudo = pseudo(values)?;
            match errand {
                Some(errand) => Command::Files { server, pseudo, keep, errand },
                None if mode == Mode::Terminal => Command::Terminal { server, pseudo, listen, keep },
                None => Command::Window { server, pseudo, keep },
            }
        }
    })
}

fn parse_port(port: &str) -> Result<u16, EndpointError> {
    match port.parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err(EndpointError::Port(port.to_owned())),
    }
}

fn pseudo(mut values: impl Iterator<Item = String>) -> anyhow::Result<Option<Pseudo>> {
    let pseudo = values.next().map(|value| parse_pseudo(&value)).transpose()?;
    match values.next() {
        Some(value) => bail!("argument en trop : {value}"),
        None => Ok(pseudo),
    }
}

/// A pseudo, or a sentence that quotes what cannot be one.
///
/// # Errors
/// That sentence.
pub fn parse_pseudo(value: &str) -> anyhow::Result<Pseudo> {
    match value.parse() {
        Ok(pseudo) => Ok(pseudo),
        Err(error) => bail!("le pseudo « {} » n'est pas valide : {error}", common::text::harmless(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Command, String> {
        parse(args.iter().map(OsString::from)).map_err(|error| error.to_string())
    }

    fn alice() -> Option<Pseudo> {
        "alice".parse().ok()
    }

    #[test]
    fn every_form_of_the_help_is_understood() {
        let (server, pseudo): (Option<Endpoint>, _) = ("hote:9000".parse().ok(), alice());
        assert_eq!(parsed(&[]), Ok(Command::Window { server: None, pseudo: None, keep: None }));
        assert_eq!(
            parsed(&["hote:9000", "--terminal", "alice"]),
            Ok(Command::Terminal {
                server: server.clone(),
                pseudo: pseudo.clone(),
                listen: false,
                keep: None
            })
        );
        for args in
            [&["hote:9000", "alice", "--ecoute"][..], &["--ecoute", "hote:9000", "--terminal", "alice"]]
        {
            let (server, pseudo) = (server.clone(), pseudo.clone());
            assert_eq!(parsed(args), Ok(Command::Terminal { server, pseudo, listen: true, keep: None }));
        }
        assert_eq!(
            parsed(&["hote:9000", "alice"]),
            Ok(Command::Window { server, pseudo: pseudo.clone(), keep: None })
        );
        assert_eq!(
            parsed(&["--heberge"]),
            Ok(Command::Host { port: None, discreet: false, pseudo: None, keep: None })
        );
        assert_eq!(
            parsed(&["--heberge", "9000", "alice"]),
            Ok(Command::Host { port: Some(9000), discreet: false, pseudo: alice(), keep: None })
        );
        assert_eq!(
            parsed(&["--heberge", "alice"]),
            Ok(Command::Host { port: None, discreet: false, pseudo: pseudo.clone(), keep: None })
        );
        assert_eq!(
            parsed(&["--discret", "--heberge"]),
            Ok(Command::Host { port: None, discreet: true, pseudo: None, keep: None })
        );
        let files =
            |errand| Command::Files { server: "hote:9000".parse().ok(), pseudo: alice(), keep: None, errand };
        assert_eq!(
            parsed(&["hote:9000", "alice", "--envoyer", "a", "b"]),
            Ok(files(Errand::Send(vec!["a".into(), "b".into()])))
        );
        assert_eq!(
            parsed(&["--recevoir", "dossier", "hote:9000", "alice"]),
            Ok(files(Errand::Receive("dossier".into())))
        );
        assert_eq!(parsed(&["--demo"]), Ok(Command::Demo { keep: false }));
        assert_eq!(parsed(&["--demo", "--avec-historique"]), Ok(Command::Demo { keep: true }));
        assert_eq!(
            parsed(&["--sans-historique"]),
            Ok(Command::Window { server: None, pseudo: None, keep: Some(false) })
        );
        assert_eq!(parsed(&["--historique"]), Ok(Command::History { pseudo: None }));
        assert_eq!(parsed(&["--historique", "alice"]), Ok(Command::History { pseudo }));
    }

    #[test]
    fn mistakes_are_explained_in_french() {
        for (args, words) in [
            (&["--zut"][..], "option inconnue"),
            (&["hote:x"], "port « x »"),
            (&["hote:0"], "port « 0 »"),
            (&["hote", "Jean Paul"], "pseudo « Jean Paul »"),
            (&["hote", "alice", "bob"], "en trop"),
            (&["--demo", "x"], "en trop"),
            (&["hote", "alice", "--envoyer"], "ce qui est à envoyer"),
            (&["--recevoir", "a", "--envoyer", "b"], "pas ensemble"),
            (&["--recevoir", "a", "--terminal"], "sans fenêtre ni discussion"),
            (&["--discret", "hote"], "--heberge"),
            (&["--demo", "--terminal"], "deux fois « client localhost PSEUDO --terminal »"),
            (&["--ecoute", "--heberge"], "--heberge ne va ni avec --demo ni avec --terminal"),
            (&["--historique", "alice", "bob"], "en trop"),
            (&["--historique", "--terminal"], "ne va avec aucune discussion"),
            (&["--historique", "--sans-historique"], "ne va avec aucune discussion"),
            (&["--avec-historique", "--sans-historique"], "se contredisent"),
            (&["--heberge", "99999"], "port « 99999 »"),
            (&["--heberge", "0"], "port « 0 »"),
            (&["--heberge", "9000", "a b"], "pseudo"),
        ] {
            let error = parsed(args).unwrap_err();
            assert!(error.contains(words), "{args:?}: {error}");
        }
    }
}
