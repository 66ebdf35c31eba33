//! What can happen to a user, written once: an [`Event`] is what both fronts show, its `Display` the French sentence.

use std::fmt;
use std::io;
use std::sync::Arc;

use chrono::{DateTime, Local};
use common::address::Pseudo;
use common::delivery::MessageId;
use common::endpoint::Endpoint;
use common::frame::Refusal;
use common::text::harmless;

use crate::files::FileEvent;
use crate::networks::likely_cause;
use crate::store::Trouble;

/// Something that happened to the connection or in the discussion.
#[derive(Debug)]
pub enum Event {
    /// The server cannot be reached, or refuses; another attempt follows by itself. Told once per outage and reason, not
    /// at every attempt.
    Retrying(Failure),
    /// The login was accepted.
    Connected {
        /// It was before: the connection had been lost.
        again: bool,
        /// Nobody is there yet.
        alone: bool,
    },
    /// The connection broke; another attempt follows by itself.
    ConnectionLost,
    /// That one is here.
    Joined {
        /// Who.
        who: Pseudo,
        /// Known by name, but what his program remembered is gone: it is another one, or has begun anew.
        renewed: bool,
    },
    /// That one's connection was lost.
    Lost(Pseudo),
    /// A message.
    Message(Message),
    /// Something numbered that this version cannot show.
    Unknown {
        /// Who sent it.
        from: Arc<str>,
    },
    /// Something about a file.
    File(FileEvent),
    /// Entries of one's own that the other has shown.
    Delivered(Vec<MessageId>),
    /// What is remembered is older than what that one has seen; it goes on as somebody new.
    Outdated(Pseudo),
    /// What is kept on disk has changed its ways.
    Storage(Trouble),
    /// It is over. Nothing follows but what becomes of files that were complete and are still being checked.
    Over(Arc<Ending>),
}

/// A message that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who wrote it.
    pub from: Arc<str>,
    /// When he pressed Enter, in our own time zone; the moment of arrival, if that cannot be read.
    pub date: DateTime<Local>,
    /// What he wrote.
    pub text: String,
}

/// How a discussion ended, and what became undeliverable by that.
#[derive(Debug)]
pub struct Ending {
    /// How.
    pub how: End,
    /// What was written and will not be delivered.
    pub lost: Vec<Undelivered>,
}

/// How a discussion ended.
#[derive(Debug)]
pub enum End {
    /// Our own user left.
    Left {
        /// The server knows it and tells the other one, now or when he comes back.
        told: bool,
    },
    /// The other one left.
    LeftByPeer(Pseudo),
    /// Our own user has cut the connection without a word to that one, who is waiting, or to nobody.
    Cut(Option<Pseudo>),
    /// It never came to a discussion, or could not go on.
    Failed(Failure),
}

/// Something that was written and did not reach the other one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// Its name.
    pub id: MessageId,
    /// Whom it is for; `None`: the first to come.
    pub to: Option<Pseudo>,
    /// What it says.
    pub text: String,
}

/// Why there is no connection.
#[derive(Debug)]
pub enum Failure {
    /// The host's name leads nowhere.
    UnknownHost(Endpoint),
    /// Nobody answers there.
    Unreachable(Endpoint, io::Error),
    /// Something takes the connection and says nothing.
    Silent(Endpoint),
    /// Something answers, in another language.
    NotARelay(Endpoint),
    /// The relay refused the login; its code and its own sentence.
    Refused(Refusal, String),
    /// The front could not show what arrived.
    Display(io::Error),
    /// The system gave no thread.
    Thread(io::Error),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Retrying(Failure::Refused(Refusal::Complet, _)) => f.write_str(
                "Deux personnes discutent en ce moment sur ce serveur ; \
                 nouvelle tentative jusqu'à ce qu'une place se libère…",
            ),
            // After a cable was pulled it may be our own old connection.
            Event::Retrying(Failure::Refused(Refusal::PseudoPris, _)) => f.write_str(
                "Votre pseudo est encore pris sur le serveur, par votre connexion perdue ou par quelqu'un d'autre ; \
                 nouvelle tentative jusqu'à ce qu'il se libère…",
            ),
            Event::Retrying(failure) => write!(f, "{failure}. Nouvelle tentative…"),
            Event::Connected { again, alone } => {
                f.write_str(if *again { "Connexion rétablie." } else { "Connecté." })?;
                f.write_str(if *alone { " En attente de l'autre participant…" } else { "" })
            }
            Event::ConnectionLost => f.write_str("Connexion perdue : nouvelle tentative…"),
            Event::Joined { who, renewed: false } => write!(f, "{who} a rejoint la discussion."),
            Event::Joined { who, renewed: true } => {
                write!(f, "{who} a rejoint la discussion, depuis un autre programme qu'avant.")
            }
            Event::Lost(who) => {
                write!(f, "{who} a perdu la connexion ; ce que vous écrivez lui sera remis à son retour.")
            }
            Event::Message(message) => f.write_str(&harmless(&message.text)),
            Event::Unknown { from } => write!(
                f,
                "{from} a envoyé quelque chose que ce programme ne sait pas montrer : \
                 il faut une version plus récente."
            ),
            Event::File(file) => file.fmt(f),
            Event::Delivered(_) => Ok(()),
            Event::Outdated(who) => write!(
                f,
                "{who} a déjà reçu plus que ce dont ce programme se souvient (une sauvegarde remise en place ?) : \
                 il repart avec une nouvelle session."
            ),
            Event::Storage(trouble) => trouble.fmt(f),
            Event::Over(ending) => ending.how.fmt(f),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Left { told: true } => f.write_str("Vous avez quitté la discussion."),
            End::Left { told: false } => f.write_str(
                "Vous avez quitté la discussion, mais l'autre participant n'a peut-être pas pu en être prévenu.",
            ),
            // In the coursework's words.
            End::LeftByPeer(who) => write!(f, "le client {who} a quitté la discussion."),
            End::Cut(None) => f.write_str("Vous avez coupé la connexion."),
            End::Cut(Some(who)) => write!(f, "Vous avez coupé la connexion ; {who} attend votre retour."),
            End::Failed(failure) => write!(f, "{failure}."),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::UnknownHost(Endpoint { host, .. }) => write!(
                f,
                "La machine « {} » est introuvable : tapez plutôt l'adresse que « serveur » affiche au démarrage, \
                 comme 192.168.1.23",
                harmless(host)
            ),
            Failure::Unreachable(server, error) => {
                let why = likely_cause(server, error.kind());
                write!(f, "Pas de serveur à l'adresse {server} ({}) : {why}", cause(error))
            }
            Failure::Silent(server) => write!(
                f,
                "Quelque chose écoute à l'adresse {server}, sans répondre comme un serveur de cette messagerie : \
                 vérifiez l'adresse et le port"
            ),
            Failure::NotARelay(server) => write!(
                f,
                "Ce qui répond à l'adresse {server} n'est pas un serveur de cette messagerie : \
                 vérifiez l'adresse et le port"
            ),
            Failure::Refused(Refusal::PseudoPris, _) => {
                f.write_str("Ce pseudo est déjà pris : choisissez-en un autre")
            }
            Failure::Refused(Refusal::Complet, _) => {
                f.write_str("Deux personnes discutent déjà sur ce serveur : réessayez plus tard")
            }
            Failure::Refused(Refusal::Remplace, _) => f.write_str(
                "Vous avez rejoint la discussion depuis un autre programme : celui-ci s'arrête là",
            ),
            Failure::Refused(_, sentence) => {
                write!(f, "Le serveur refuse : {}", harmless(sentence).trim_end_matches('.'))
            }
            Failure::Display(error) => {
                write!(f, "Les messages reçus ne peuvent plus être affichés : {}", cause(error))
            }
            Failure::Thread(error) => {
                write!(f, "Le système n'accorde plus de fil d'exécution : {}", cause(error))
            }
        }
    }
}

impl std::error::Error for Failure {}

/// The usual causes in French; the system's own words, in whatever language, for the others.
pub fn cause(error: &io::Error) -> String {
    let known = match error.kind() {
        io::ErrorKind::ConnectionRefused => "connexion refusée",
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => "connexion rompue",
        io::ErrorKind::UnexpectedEof => "connexion fermée sans réponse",
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "aucune réponse",
        io::ErrorKind::HostUnreachable => "machine injoignable",
        io::ErrorKind::NetworkUnreachable => "réseau injoignable",
        io::ErrorKind::BrokenPipe => "la sortie est fermée",
        io::ErrorKind::StorageFull => "le disque est plein",
        io::ErrorKind::QuotaExceeded => "le quota est atteint",
        io::ErrorKind::FileTooLarge => "ce disque ne prend pas de fichier aussi grand",
        io::ErrorKind::ReadOnlyFilesystem => "le disque est en lecture seule",
        io::ErrorKind::PermissionDenied => "accès refusé",
        io::ErrorKind::NotFound => "introuvable",
        io::ErrorKind::NotADirectory => "ce n'est pas un dossier",
        io::ErrorKind::IsADirectory => "c'est un dossier",
        io::ErrorKind::AlreadyExists => "ce nom est déjà pris",
        io::ErrorKind::InvalidInput => "ce n'est pas un nom de fichier",
        _ => return error.to_string(),
    };
    known.to_owned()
}

/// Where events are shown: a terminal, a window, a test.
pub trait Front: Send {
    /// Shows what has happened, and returns when it is shown: then it is acknowledged to its sender.
    ///
    /// # Errors
    /// It could not be shown; the link closes without acknowledging it.
    fn show(&mut self, events: Vec<Event>) -> io::Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_sentence_without_its_full_stop() {
        let failure = Failure::Refused(Refusal::Occupe, "Réessayez dans quelques secondes.".to_owned());
        assert_eq!(failure.to_string(), "Le serveur refuse : Réessayez dans quelques secondes");
    }

    #[test]
    fn what_a_wrong_path_leads_to_is_said_in_french() {
        let folder_on_a_file = std::fs::create_dir(env!("CARGO_MANIFEST_DIR"));
        let no_name = std::path::absolute("").map(drop);
        for (failed, said) in
            [(folder_on_a_file, "ce nom est déjà pris"), (no_name, "ce n'est pas un nom de fichier")]
        {
            assert_eq!(failed.map_err(|error| cause(&error)), Err(said.to_owned()));
        }
    }

    #[test]
    fn whoever_finds_the_other_there_does_not_wait_for_him() {
        let connected = |again, alone| Event::Connected { again, alone }.to_string();
        assert_eq!(connected(false, true), "Connecté. En attente de l'autre participant…");
        assert_eq!(connected(false, false), "Connecté.");
        assert_eq!(connected(true, false), "Connexion rétablie.");
    }
}
