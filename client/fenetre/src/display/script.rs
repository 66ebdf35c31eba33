//! What a character asks of whoever breaks lines and measures them.

/// Whether the character is as wide in a text as it is alone. Others join or stack with their neighbours and are
/// measured together with them.
pub(super) fn stands_alone(c: char) -> bool {
    matches!(c,
        '\0'..='\u{2ff}' // Latin
        | '\u{370}'..='\u{482}' | '\u{48a}'..='\u{58f}' // Greek, Cyrillic, Armenian
        | '\u{1e00}'..='\u{200a}' | '\u{2010}'..='\u{2029}' | '\u{202f}'..='\u{205f}' // more Latin, punctuation
        | '\u{20a0}'..='\u{20cf}' | '\u{2100}'..='\u{22ff}' | '\u{2400}'..='\u{25ff}' // currencies, symbols
        | '\u{2e80}'..='\u{3029}' | '\u{3030}'..='\u{3098}' | '\u{309b}'..='\u{a4cf}' // Chinese, Japanese
        | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff9d}' // Korean
        | '\u{20000}'..='\u{3ffff}')
}

/// Whether a line may break before and after the character without a space.
pub(super) fn is_ideograph(c: char) -> bool {
    matches!(c,
        '\u{2e80}'..='\u{2fff}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}'
        | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether the character is written from right to left (`Some(true)`), from left to right, or is neutral.
pub(super) fn direction(c: char) -> Option<bool> {
    match c {
        '\u{590}'..='\u{8ff}' | '\u{200f}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' => Some(true),
        '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}' => Some(true),
        _ if c.is_alphabetic() => Some(false),
        _ => None,
    }
}

/// Whether the character belongs to the one before it.
fn extends(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}'
        | '\u{900}'..='\u{903}' | '\u{93a}'..='\u{93c}' | '\u{93e}'..='\u{94f}' | '\u{e31}'
        | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{200c}' | '\u{200d}' | '\u{20d0}'..='\u{20ff}' | '\u{3099}' | '\u{309a}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{1f3fb}'..='\u{1f3ff}'
        | '\u{e0000}'..='\u{e0fff}')
}

fn is_flag_letter(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

/// The length in bytes of what a reader takes for the first character: a letter with its accents, a flag, a
/// family of emoji. The common cases of Unicode's grapheme clusters.
pub(super) fn cluster(text: &str) -> usize {
    let mut chars = text.char_indices();
    let Some((_, mut before)) = chars.next() else { return 0 };
    let mut flag_open = is_flag_letter(before);
    for (at, c) in chars {
        let joins =
            extends(c) || (before == '\u{200d}' && !c.is_alphabetic()) || (flag_open && is_flag_letter(c));
        if !joins {
            return at;
        }
        flag_open = false;
        before = c;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_readers_take_for_one_character_is_one_cluster() {
        for (text, first) in [
            ("abc", "a"),
            ("na", "n"),
            ("i\u{308}ve", "i\u{308}"),
            ("👩‍👩‍👧‍👦👩", "👩‍👩‍👧‍👦"),
            ("🇫🇷🇩🇪", "🇫🇷"),
            ("👍🏽!", "👍🏽"),
            ("❤️x", "❤️"),
            ("مُحمد", "مُ"),
            ("", ""),
        ] {
            assert_eq!(&text[..cluster(text)], first, "{text}");
        }
    }

    #[test]
    fn arabic_is_right_to_left_and_digits_are_neither() {
        assert_eq!(direction('س'), Some(true));
        assert_eq!(direction('é'), Some(false));
        assert_eq!(direction('4'), None);
    }
}
