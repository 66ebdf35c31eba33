//! `/fil`: the lines of the connection, as they pass.

use std::thread;

use super::screen::{Lines, Screen};
use crate::event::Failure;
use crate::link::Link;
use crate::wire::Seen;

/// So many are written at once: what is said comes in between.
const AT_ONCE: usize = 50;

/// Shows them from now on, or not any more.
pub(super) fn switch(link: &Link, screen: &Screen) {
    if link.tap().is_open() {
        link.tap().close();
        screen.notice("Le fil n'est plus montré.");
        return;
    }
    link.open_tap();
    screen
        .notice("Chaque ligne qui passe sur le fil est montrée : → envoyée, ← reçue ; encore /fil la cache.");
    let watching = {
        let (link, screen) = (link.clone(), screen.clone());
        move || {
            while let Some(seen) = link.tap().wait() {
                show(seen, &screen);
            }
        }
    };
    if let Err(error) = thread::Builder::new().name("fil".to_owned()).spawn(watching) {
        link.tap().close();
        screen.notice(&format!("{}.", Failure::Thread(error)));
    }
}

fn show(mut seen: Seen, screen: &Screen) {
    if seen.missed > 0 {
        screen.notice(&match seen.missed {
            1 => "… 1 ligne est passée trop vite pour être montrée".to_owned(),
            missed => format!("… {missed} lignes sont passées trop vite pour être montrées"),
        });
    }
    while !seen.lines.is_empty() {
        let mut lines = Lines::default();
        let count = seen.lines.len().min(AT_ONCE);
        seen.lines.drain(..count).for_each(|line| lines.notice(&line.to_string()));
        // What has to be seen fails elsewhere too.
        let _ = screen.show(&lines);
    }
}
