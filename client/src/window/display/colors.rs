//! The colours of the display, as plain data.

use fltk::enums::Color;

/// What each thing in the display is painted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colors {
    /// Behind everything.
    pub background: Color,
    /// The bubbles of one's own messages.
    pub own_bubble: Color,
    /// The text in them.
    pub own_text: Color,
    /// The time and the state of delivery in them.
    pub own_muted: Color,
    /// The bubbles of the other's messages.
    pub other_bubble: Color,
    /// The text in them.
    pub other_text: Color,
    /// The time in them.
    pub other_muted: Color,
    /// Notices.
    pub notice: Color,
    /// Names, days, times of notices.
    pub muted: Color,
    /// The mark that leads to new messages, the ring around what has the focus.
    pub accent: Color,
    /// The text on the mark.
    pub accent_text: Color,
    /// Behind selected text.
    pub selection: Color,
    /// The scrollbar.
    pub scrollbar: Color,
}

impl Colors {
    /// The light look.
    pub const fn light() -> Self {
        Self {
            background: Color::from_hex(0xF5F6F8),
            own_bubble: Color::from_hex(0xD3E5FC),
            own_text: Color::from_hex(0x10243C),
            own_muted: Color::from_hex(0x3F5A78),
            other_bubble: Color::from_hex(0xFFFFFF),
            other_text: Color::from_hex(0x1B2027),
            other_muted: Color::from_hex(0x5F6975),
            notice: Color::from_hex(0x535D69),
            muted: Color::from_hex(0x5C6672),
            accent: Color::from_hex(0x1F62C4),
            accent_text: Color::from_hex(0xFFFFFF),
            selection: Color::from_hex(0x9CC6F7),
            scrollbar: Color::from_hex(0xB4BCC6),
        }
    }

    /// The dark look.
    pub const fn dark() -> Self {
        Self {
            background: Color::from_hex(0x15191F),
            own_bubble: Color::from_hex(0x1F4468),
            own_text: Color::from_hex(0xF0F5FA),
            own_muted: Color::from_hex(0xB4CADF),
            other_bubble: Color::from_hex(0x272D36),
            other_text: Color::from_hex(0xE9EDF2),
            other_muted: Color::from_hex(0xA6B0BC),
            notice: Color::from_hex(0xA9B3BF),
            muted: Color::from_hex(0x9AA5B2),
            accent: Color::from_hex(0x7DB5F5),
            accent_text: Color::from_hex(0x0E1A28),
            selection: Color::from_hex(0x35649A),
            scrollbar: Color::from_hex(0x4A535F),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::contrast::contrast;

    #[test]
    fn every_text_has_the_contrast_of_wcag_aa() {
        for (look, c) in [("light", Colors::light()), ("dark", Colors::dark())] {
            for (what, text, behind) in [
                ("own text", c.own_text, c.own_bubble),
                ("own time", c.own_muted, c.own_bubble),
                ("other text", c.other_text, c.other_bubble),
                ("other time", c.other_muted, c.other_bubble),
                ("notice", c.notice, c.background),
                ("name and day", c.muted, c.background),
                ("mark", c.accent_text, c.accent),
                ("hint", c.background, c.other_text),
                ("own selected", c.own_text, c.selection),
                ("other selected", c.other_text, c.selection),
            ] {
                let contrast = contrast(text.to_rgb(), behind.to_rgb());
                assert!(contrast >= 4.5, "{look}: {what} has {contrast:.2}");
            }
            // A selected notice is painted in the other's text colour.
        }
    }
}
