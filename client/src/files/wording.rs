//! What is said about files, in French: each [`FileEvent`] is a sentence; sizes and times as people read them.

use std::fmt;

use common::text::{harmless, readable_size};

use super::{FileEvent, Happened, MAX_OPEN, NotOffered};

impl fmt::Display for FileEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FileEvent { is_own, size: bytes, .. } = *self;
        let file = format_args!("« {} »", harmless(&self.name));
        let with = self.with.as_ref().map_or("le premier qui viendra", |with| with.as_str());
        let size = readable_size(bytes);
        match &self.what {
            Happened::Offered if is_own && self.with.is_none() => {
                write!(f, "{file} ({size}) sera proposé au premier qui viendra.")
            }
            Happened::Offered if is_own => write!(f, "{file} ({size}) est proposé à {with}."),
            Happened::Offered => write!(f, "{with} propose {file} ({size})."),
            Happened::NotOffered(why) => write!(f, "{file} n'est pas proposé : {why}."),
            Happened::Accepted(0) => write!(f, "Réception de {file} ({size})…"),
            Happened::Accepted(done) => {
                write!(f, "Réception de {file} : reprise à {} sur {size}…", readable_size(*done))
            }
            Happened::Progress { done, speed } => {
                let percent = (u128::from(*done) * 100).checked_div(bytes.into()).unwrap_or(100);
                write!(f, "{file} : {percent} % de {size}")?;
                let speed = Some(*speed).filter(|speed| *speed > 0);
                let Some((speed, left)) =
                    speed.and_then(|speed| Some((speed, time_left(bytes - done, speed)?)))
                else {
                    return Ok(());
                };
                write!(f, ", {}/s, encore {left}", readable_size(speed))
            }
            Happened::Stopped(trouble) => write!(
                f,
                "{file} ne peut pas être gardé : {trouble}. Acceptez-le de nouveau quand ce sera possible."
            ),
            Happened::Orphaned => write!(
                f,
                "{with} est revenu sans {file} : la réception reprendra s'il le propose de nouveau."
            ),
            Happened::Received(Some(path)) => {
                write!(f, "{file} ({size}) est reçu : {}", harmless(&path.to_string_lossy()))
            }
            Happened::Received(None) => write!(f, "{file} ({size}) est reçu."),
            Happened::Delivered => write!(f, "{with} a reçu {file} ({size})."),
            Happened::TooMany => write!(
                f,
                "{file} est refusé d'office : {MAX_OPEN} fichiers attendent déjà d'être acceptés ou reçus."
            ),
            Happened::Refused if is_own => write!(f, "{with} refuse {file}."),
            Happened::Refused => write!(f, "{file} est refusé."),
            Happened::Cancelled if is_own => write!(f, "{with} a abandonné la réception de {file}."),
            Happened::Cancelled => write!(f, "La réception de {file} est abandonnée ; rien n'en est gardé."),
            Happened::Withdrawn => write!(f, "{file} n'est plus proposé."),
            Happened::Unavailable(Some(trouble)) => {
                write!(f, "{file} n'est plus proposé à {with} : {trouble}.")
            }
            Happened::Unavailable(None) => {
                write!(f, "{with} ne propose plus {file} : il l'a retiré, modifié ou supprimé.")
            }
            Happened::Forgotten => {
                write!(f, "{with} est revenu sans se souvenir de {file} : proposez-le de nouveau.")
            }
            Happened::Interrupted(true) => write!(f, "{file} : la suite viendra à la prochaine rencontre."),
            Happened::Interrupted(false) if is_own => write!(f, "{file} n'a pas été reçu."),
            Happened::Interrupted(false) => {
                write!(f, "La réception de {file} s'arrête avec la discussion ; rien n'en est gardé.")
            }
            Happened::Corrupt => write!(
                f,
                "Ce qui est arrivé n'est pas {file} tel qu'il a été proposé, et n'est pas gardé : \
                 demandez à {with} de le proposer de nouveau."
            ),
        }
    }
}

impl fmt::Display for NotOffered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotOffered::Trouble(trouble) => trouble.fmt(f),
            NotOffered::Twice => f.write_str("le même contenu est déjà proposé"),
            NotOffered::TooMany => {
                write!(f, "{MAX_OPEN} fichiers le sont déjà ; attendez qu'il en soit reçu, ou retirez-en")
            }
            NotOffered::Gone => f.write_str("celui à qui il était destiné n'est plus là"),
        }
    }
}

/// How long the rest takes at that many bytes in a second: « 45 s », « 3 min », « 2 h 10 »; nothing if nothing comes.
fn time_left(bytes: u64, speed: u64) -> Option<String> {
    let seconds = bytes.checked_div(speed)? + 1;
    Some(match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {:02}", seconds / 3600, seconds / 60 % 60),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_how_long_it_takes() {
        let progress = |done, speed| {
            let what = Happened::Progress { done, speed };
            let (name, with) = ("a.iso".to_owned(), "bob".parse().ok());
            FileEvent { id: 1, name, size: 2_000_000_000, is_own: false, with, what }.to_string()
        };
        assert_eq!(progress(0, 0), "« a.iso » : 0 % de 2 Go");
        assert_eq!(progress(500_000_000, 50_000_000), "« a.iso » : 25 % de 2 Go, 50 Mo/s, encore 31 s");
    }

    #[test]
    fn the_time_left_is_never_none_at_all() {
        assert_eq!(time_left(100, 0), None);
        assert_eq!(time_left(0, 10).as_deref(), Some("1 s"));
        assert_eq!(time_left(450, 10).as_deref(), Some("46 s"));
        assert_eq!(time_left(1_000, 10).as_deref(), Some("2 min"));
        assert_eq!(time_left(78_000, 10).as_deref(), Some("2 h 10"));
    }
}
