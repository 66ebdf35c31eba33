//! What the window remembers from one run to the next: the last values of the form and the theme.
//!
//! A small text file, `clef=valeur` line by line, in the user's configuration directory. Nothing depends on it:
//! a file that is missing, unreadable or nonsense means the defaults, and one that cannot be written is no error.

use std::env;
use std::fs;

use client::folders;
use common::frame::DEFAULT_PORT;

use super::theme::Theme;

const FILE: &str = "fenetre.conf";

/// For this run, has precedence over the theme in the file: `clair` or `sombre`.
const THEME_VARIABLE: &str = "MESSAGERIE_THEME";

/// How large everything is drawn at first, in percent: every day, and in the presentation.
pub(crate) const ZOOM: u16 = 100;
pub(crate) const PRESENTATION: u16 = 150;

/// The remembered values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The server's name or address, as it was typed.
    pub(crate) host: String,
    /// Its port, as it was typed.
    pub(crate) port: String,
    /// The user's pseudo.
    pub(crate) pseudo: String,
    /// The look.
    pub(crate) theme: Theme,
    /// How large everything is drawn, in percent.
    pub(crate) zoom: u16,
    /// The same for the presentation.
    pub(crate) presentation: u16,
    /// Whether discussions are kept on disk.
    pub(crate) keep: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            host: String::new(),
            port: DEFAULT_PORT.to_string(),
            pseudo: String::new(),
            theme: Theme::Light,
            zoom: ZOOM,
            presentation: PRESENTATION,
            keep: true,
        }
    }
}

impl Settings {
    /// The settings of the last run, or the defaults.
    pub(crate) fn load() -> Settings {
        let text = folders::settings().and_then(|folder| fs::read_to_string(folder.join(FILE)).ok());
        Settings::parse(&text.unwrap_or_default())
    }

    /// Keeps the settings for the next run, if that is possible.
    pub(crate) fn save(&self) {
        let Some(folder) = folders::settings() else { return };
        let written = fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join(FILE), self.to_text()));
        if let Err(error) = written {
            log::info!("{} : {error}", folder.display());
        }
    }

    /// How large everything is drawn, in the presentation or every day.
    pub(crate) fn size(&mut self, presenting: bool) -> &mut u16 {
        if presenting { &mut self.presentation } else { &mut self.zoom }
    }

    fn parse(text: &str) -> Settings {
        let mut settings = Settings::default();
        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
            match key {
                "serveur" => settings.host = value.to_owned(),
                "port" => settings.port = value.to_owned(),
                "pseudo" => settings.pseudo = value.to_owned(),
                "taille" => settings.zoom = percent(value).unwrap_or(settings.zoom),
                "presentation" => settings.presentation = percent(value).unwrap_or(settings.presentation),
                "historique" => settings.keep = value != "non",
                "theme" => settings.theme = Theme::from_name(value).unwrap_or(settings.theme),
                _ => {}
            }
        }
        settings
    }

    fn to_text(&self) -> String {
        let Settings { host, port, pseudo, theme, zoom, presentation, keep } = self;
        let keep = if *keep { "oui" } else { "non" };
        let theme = theme.name();
        format!(
            "serveur={host}\nport={port}\npseudo={pseudo}\ntheme={theme}\n\
             taille={zoom}\npresentation={presentation}\nhistorique={keep}\n"
        )
    }
}

/// A size that everything can be drawn in.
fn percent(value: &str) -> Option<u16> {
    value.parse().ok().filter(|percent| (50..=300).contains(percent))
}

/// The theme that the user asks for in this run, whatever is remembered.
pub(crate) fn theme_of_this_run() -> Option<Theme> {
    env::var(THEME_VARIABLE).ok().and_then(|name| Theme::from_name(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_read_again() {
        let settings = Settings {
            host: "salle-12".to_owned(),
            port: "9000".to_owned(),
            pseudo: "Éloïse".to_owned(),
            theme: Theme::Dark,
            zoom: 120,
            presentation: 200,
            keep: false,
        };
        assert_eq!(Settings::parse(&settings.to_text()), settings);
    }

    #[test]
    fn nonsense_means_the_defaults() {
        for text in ["", "\0\u{1}", "theme=rose\n", "serveur", "=", "taille=12", "presentation=x"] {
            assert_eq!(Settings::parse(text), Settings::default(), "{text:?}");
        }
    }
}
