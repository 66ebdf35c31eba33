//! Names messages that have not reached the other one.

use std::collections::VecDeque;

use common::address::Pseudo;
use common::delivery::{Kept, Memory};
use common::text::{and_others, harmless, shortened};

use crate::event::Undelivered;

/// How many messages are named one by one.
const NAMED: usize = 4;
/// How many characters of each.
const NAMED_CHARS: usize = 48;

/// Says how many messages have not been delivered, to whom, and how each begins: one line for every recipient,
/// one for every message named.
pub fn describe(messages: &[Undelivered]) -> String {
    let mut recipients: Vec<&Option<Pseudo>> = Vec::new();
    for Undelivered { to, .. } in messages {
        if !recipients.contains(&to) {
            recipients.push(to);
        }
    }
    let mut lines = Vec::new();
    for recipient in recipients {
        let texts: Vec<&str> =
            messages.iter().filter(|it| it.to == *recipient).map(|it| it.text.as_str()).collect();
        lines.push(headline(recipient.as_ref(), texts.len()));
        lines.extend(texts.iter().take(NAMED).map(|text| format!("« {} »", beginning(text))));
        lines.extend(and_others(texts.len().saturating_sub(NAMED)));
    }
    lines.join("\n")
}

/// Says how many messages an earlier run has left to be delivered, and to whom: one line for every recipient. Files are
/// told of by themselves.
pub fn describe_waiting(memory: &Memory) -> Vec<String> {
    let messages = |queue: &VecDeque<Kept>| queue.iter().filter(|kept| kept.word == "msg").count();
    let people = memory.people.iter();
    let people = people.map(|person| (format!("à {}", person.pseudo), messages(&person.kept)));
    let all = people.chain([("au premier qui viendra".to_owned(), messages(&memory.unaddressed))]);
    let line = |(to_whom, count)| match count {
        0 => None,
        1 => Some(format!("1 message de la dernière fois attend d'être remis {to_whom}.")),
        _ => Some(format!("{count} messages de la dernière fois attendent d'être remis {to_whom}.")),
    };
    all.filter_map(line).collect()
}

fn headline(recipient: Option<&Pseudo>, count: usize) -> String {
    match (recipient, count) {
        (Some(name), 1) => format!("1 message n'a pas été remis à {name} :"),
        (Some(name), count) => format!("{count} messages n'ont pas été remis à {name} :"),
        (None, 1) => "1 message n'a été remis à personne :".to_owned(),
        (None, count) => format!("{count} messages n'ont été remis à personne :"),
    }
}

/// The first line, shortened.
fn beginning(text: &str) -> String {
    let text = harmless(text);
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("").trim();
    let shown = shortened(line, NAMED_CHARS);
    let more_follows = shown == line && text.trim().len() > line.len();
    format!("{shown}{}", if more_follows { "…" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(name: &str, text: &str) -> Undelivered {
        Undelivered { id: 1, to: name.parse().ok(), text: text.to_owned() }
    }

    #[test]
    fn one_message_is_named() {
        assert_eq!(describe(&[to("bob", "à demain")]), "1 message n'a pas été remis à bob :\n« à demain »");
    }

    #[test]
    fn each_recipient_is_named() {
        assert_eq!(
            describe(&[to("bob", "un"), to("carol", "deux"), to("bob", "trois"), to("", "quatre")]),
            "2 messages n'ont pas été remis à bob :\n« un »\n« trois »\n\
             1 message n'a pas été remis à carol :\n« deux »\n\
             1 message n'a été remis à personne :\n« quatre »"
        );
    }

    #[test]
    fn many_messages_are_counted() {
        let messages: Vec<_> = (0..9).map(|i| to("bob", &i.to_string())).collect();
        let text = describe(&messages);
        assert!(text.starts_with("9 messages"), "{text}");
        assert!(text.ends_with("« 3 »\net 5 autres"), "{text}");
    }

    #[test]
    fn only_messages_are_counted_as_messages() {
        let kept = |word: &'static str| Kept { number: 0, id: 1, word: word.into(), rest: String::new() };
        let memory = |words: &[&'static str]| Memory {
            unaddressed: words.iter().map(|word| kept(word)).collect(),
            ..Memory::default()
        };
        let waiting = "1 message de la dernière fois attend d'être remis au premier qui viendra.";
        assert_eq!(describe_waiting(&memory(&["fichier", "msg"])), [waiting]);
        assert_eq!(describe_waiting(&memory(&["issue"])), [""; 0]);
    }

    #[test]
    fn long_ones_are_shortened() {
        assert_eq!(beginning("un\ndeux"), "un…");
        assert_eq!(beginning("\n\nun"), "un");
        assert_eq!(beginning(&"é".repeat(100)), format!("{}…", "é".repeat(NAMED_CHARS)));
        assert_eq!(beginning("\u{1b}[2J"), "␛[2J");
    }
}
