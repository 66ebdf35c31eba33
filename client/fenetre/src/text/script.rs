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
        '\u{590}'..='\u{8ff}' | '\u{200f}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' => Some(true),
        '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}' => Some(true),
        _ if c.is_alphabetic() => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arabic_is_right_to_left_and_digits_are_neither() {
        assert_eq!(direction('س'), Some(true));
        assert_eq!(direction('é'), Some(false));
        assert_eq!(direction('4'), None);
        // The byte order mark, which is among the Arabic letters.
        assert_eq!(direction('\u{feff}'), None);
    }
}
