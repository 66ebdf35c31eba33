//! What a [`Link`](crate::link::Link) tells its [`Front`].

use std::fmt;
use std::io;

use common::address::Pseudo;
use common::delivery;
use common::endpoint::Endpoint;
use common::frame::Refusal;
use common::text::harmless;

/// Something that happened to the link or in the discussion.
#[derive(Debug)]
pub enum Event<'a> {
    /// The server cannot be reached; the link goes on trying. Told once per outage, not at every try.
    Unreachable(&'a Failure),
    /// On the way back the relay refuses, because the seat or the pseudo is taken; the link goes on trying. The
    /// sentence says so to the user, once, not at every try.
    TurnedAway(&'static str),
    /// The login was accepted, the first or again.
    Connected,
    /// The connection broke; the link goes on trying.
    ConnectionLost,
    /// What the discussion itself brings.
    Discussion(delivery::Incoming<'a>),
    /// The last event: the link is closed.
    Over(&'a Ending),
}

/// How a link ended.
#[derive(Debug)]
pub enum Ending {
    /// Our own user left.
    Left,
    /// The other one left.
    LeftByPeer(Pseudo),
    /// It never came to a discussion, or could not go on.
    Failed(Failure),
}

/// Why there is no connection.
#[derive(Debug)]
pub enum Failure {
    /// The host's name leads nowhere.
    UnknownHost(Endpoint),
    /// Nobody answers there.
    Unreachable(Endpoint, io::Error),
    /// Something answers, in another language.
    NotARelay(Endpoint),
    /// The relay refused the login; its code and its own sentence.
    Refused(Refusal, String),
    /// The front could not show what arrived.
    Display(io::Error),
    /// The system gave no thread.
    Thread(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::UnknownHost(Endpoint { host, .. }) => write!(
                f,
                "la machine « {} » est introuvable : vérifiez l'adresse que « serveur » affiche au démarrage",
                harmless(host)
            ),
            Failure::Unreachable(server, error) => {
                write!(f, "pas de serveur à l'adresse {server} ({}) : ", cause(error))?;
                f.write_str("vérifiez qu'il est lancé, ainsi que son adresse et son port")
            }
            Failure::NotARelay(server) => write!(
                f,
                "ce qui répond à l'adresse {server} n'est pas un serveur de cette messagerie : \
                 vérifiez l'adresse et le port"
            ),
            Failure::Refused(Refusal::PseudoPris, _) => {
                f.write_str("ce pseudo est déjà pris : choisissez-en un autre")
            }
            Failure::Refused(Refusal::Complet, _) => {
                f.write_str("deux personnes discutent déjà sur ce serveur : réessayez plus tard")
            }
            Failure::Refused(_, sentence) => {
                write!(f, "le serveur refuse : {}", harmless(sentence).trim_end_matches('.'))
            }
            Failure::Display(error) => {
                write!(f, "les messages reçus ne peuvent plus être affichés : {}", cause(error))
            }
            Failure::Thread(error) => {
                write!(f, "le système n'accorde plus de fil d'exécution : {}", cause(error))
            }
        }
    }
}

impl std::error::Error for Failure {}

/// The usual causes in French; the system's own words, in whatever language, for the others.
pub(crate) fn cause(error: &io::Error) -> String {
    let known = match error.kind() {
        io::ErrorKind::ConnectionRefused => "connexion refusée",
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => "connexion rompue",
        io::ErrorKind::UnexpectedEof => "connexion fermée sans réponse",
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "aucune réponse",
        io::ErrorKind::HostUnreachable => "machine injoignable",
        io::ErrorKind::NetworkUnreachable => "réseau injoignable",
        io::ErrorKind::BrokenPipe => "la sortie est fermée",
        io::ErrorKind::StorageFull => "le disque est plein",
        _ => return error.to_string(),
    };
    known.to_owned()
}

/// What to tell a user who is on the way back and cannot have the seat or the pseudo; `None` for other refusals.
pub(crate) fn turned_away(refusal: Refusal) -> Option<&'static str> {
    match refusal {
        Refusal::Complet => Some(
            "deux personnes discutent en ce moment sur ce serveur ; \
             nouvelle tentative jusqu'à ce qu'une place se libère…",
        ),
        // After a cable was pulled it is our own old connection, for up to 20 s.
        Refusal::PseudoPris => Some(
            "votre pseudo est encore pris sur le serveur, par votre connexion perdue ou par quelqu'un d'autre ; \
             nouvelle tentative jusqu'à ce qu'il se libère…",
        ),
        _ => None,
    }
}

/// Where a link's events are shown: a terminal, a window, a test.
pub trait Front: Send {
    /// Takes an event, which is seen with the next [`show`](Self::show). The link may be locked meanwhile: this must be
    /// quick, and not call the link.
    fn event(&mut self, event: Event<'_>);

    /// Shows all events taken so far, and returns when they are shown: then they are acknowledged to their
    /// sender.
    ///
    /// # Errors
    /// What was taken could not be shown; the link closes without acknowledging it.
    fn show(&mut self) -> io::Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_sentence_without_its_full_stop() {
        let failure = Failure::Refused(Refusal::Occupe, "Réessayez dans quelques secondes.".to_owned());
        assert_eq!(failure.to_string(), "le serveur refuse : Réessayez dans quelques secondes");
    }
}
