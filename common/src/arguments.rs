//! What both programs say of a command line they do not understand.

use crate::text::harmless;

/// The parser's error as a sentence in French.
pub fn in_french(error: lexopt::Error) -> anyhow::Error {
    let what = match error {
        lexopt::Error::UnexpectedOption(option) => format!("option inconnue : {option}"),
        lexopt::Error::UnexpectedArgument(value) => format!("argument en trop : {}", value.to_string_lossy()),
        lexopt::Error::UnexpectedValue { option, .. } => format!("l'option {option} ne prend pas de valeur"),
        lexopt::Error::MissingValue { option: Some(option) } => {
            format!("il manque une valeur après {option}")
        }
        other => other.to_string(),
    };
    anyhow::anyhow!("{} (--help montre ce qui est possible)", harmless(&what))
}
