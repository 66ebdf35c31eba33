//! What a person can tell the program on a line of its own: `/aide` and the others.

use super::files;
use super::typed::{Desk, Entered};
use super::wire;

/// One command.
pub(super) struct Command {
    /// What follows the slash.
    name: &'static str,
    /// What it does, as `/aide` says it.
    purpose: &'static str,
    /// Does it, with what was written behind the name.
    run: Run,
}

type Run = fn(&Desk<'_>, &str) -> Entered;

const COMMANDS: &[Command] = &[
    Command { name: "aide", purpose: "afficher cette aide", run: help },
    Command {
        name: "quitter",
        purpose: "quitter la discussion (aussi : quitter, ou Ctrl-D)",
        run: |_, _| Entered::Leave,
    },
    Command {
        name: files::OFFER,
        purpose: "proposer un fichier (/fichier CHEMIN ; Tab complète)",
        run: files::offer,
    },
    Command {
        name: "accepter",
        purpose: "recevoir ici le fichier proposé (/accepter [NOM])",
        run: files::accept,
    },
    Command { name: "refuser", purpose: "refuser le fichier proposé (/refuser [NOM])", run: files::refuse },
    Command {
        name: "annuler",
        purpose: "arrêter un envoi ou une réception (/annuler [NOM])",
        run: files::cancel,
    },
    Command { name: "historique", purpose: "relire les derniers messages (/historique 50)", run: history },
    Command { name: "fil", purpose: "montrer chaque ligne qui passe sur le fil, ou la cacher", run: wire },
    Command { name: "vider", purpose: "vider l'écran ; l'historique reste", run: clear },
];

/// The command of that name.
pub(super) fn find(name: &str) -> Option<Run> {
    COMMANDS.iter().find(|command| command.name == name).map(|command| command.run)
}

/// What is missing from a command that has been begun (`/ai`), if only one begins so, or from the path behind one.
pub(super) fn complete(begun: &str) -> Option<String> {
    let begun = begun.strip_prefix('/')?;
    if let Some(path) = begun.strip_prefix(files::OFFER).and_then(|rest| rest.strip_prefix(' ')) {
        return files::complete(path);
    }
    let mut possible = COMMANDS.iter().filter_map(|command| command.name.strip_prefix(begun));
    possible.next().filter(|_| possible.next().is_none()).map(str::to_owned)
}

fn history(desk: &Desk<'_>, count: &str) -> Entered {
    match &desk.archive {
        Some(archive) if archive.show_last(count, desk.screen) => Entered::Done,
        Some(_) => Entered::Refused,
        None => {
            desk.screen.notice("Cette discussion n'est pas gardée : il n'y a rien à relire.");
            Entered::Done
        }
    }
}

fn wire(desk: &Desk<'_>, _: &str) -> Entered {
    wire::switch(desk.link, desk.screen);
    Entered::Done
}

fn clear(desk: &Desk<'_>, _: &str) -> Entered {
    // What fails here fails elsewhere too.
    let _ = desk.screen.clear();
    Entered::Done
}

fn help(desk: &Desk<'_>, _: &str) -> Entered {
    for command in COMMANDS {
        desk.screen.notice(&format!("/{:<12} {}", command.name, command.purpose));
    }
    desk.screen.notice("//texte       envoyer un message qui commence par « / »");
    desk.screen.notice("Alt-Entrée    aller à la ligne dans un message ; Entrée l'envoie");
    desk.screen.notice("Ctrl-C        vider la ligne ; deux fois sur une ligne vide : couper sans prévenir");
    Entered::Done
}
