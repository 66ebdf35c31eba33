//! The look: colours, sizes and the light and dark palettes.
//!
//! The colours are places in FLTK's colour map, where 16 to 31 are free. [`Theme::apply`] fills them, so switching
//! between light and dark needs no widget to be told: everything is simply drawn again.

use fltk::app;
use fltk::enums::{Color, Font, FrameType};
use fltk::misc::Tooltip;

/// The window behind everything.
pub(crate) const BACKGROUND: Color = Color::from_rgbi(16);
/// Where text is read or written: fields, the bubbles of the other's messages.
pub(crate) const SURFACE: Color = Color::from_rgbi(17);
/// Text.
pub(crate) const TEXT: Color = Color::from_rgbi(18);
/// Text that may be overlooked.
pub(crate) const MUTED: Color = Color::from_rgbi(19);
/// The edge of a field, and what is dragged to scroll the conversation.
pub(crate) const BORDER: Color = Color::from_rgbi(20);
/// The main button, the focus.
pub(crate) const ACCENT: Color = Color::from_rgbi(21);
/// The main button under the mouse.
pub(crate) const ACCENT_HOVER: Color = Color::from_rgbi(22);
/// Text on the main button.
pub(crate) const ON_ACCENT: Color = Color::from_rgbi(23);
/// Any other button.
pub(crate) const BUTTON: Color = Color::from_rgbi(24);
/// Any other button under the mouse.
pub(crate) const BUTTON_HOVER: Color = Color::from_rgbi(25);
/// Errors.
pub(crate) const ERROR: Color = Color::from_rgbi(26);
/// Behind selected text.
pub(crate) const SELECTION: Color = ACCENT;
/// The edge of a bubble: fine on a screen, and as clear as a field's in the presentation, on a projector.
pub(crate) const OUTLINE: Color = Color::from_rgbi(27);
/// Selected text.
pub(crate) const ON_SELECTION: Color = ON_ACCENT;
/// All is well.
pub(crate) const GOOD: Color = Color::from_rgbi(28);
/// Something is awaited.
pub(crate) const PENDING: Color = Color::from_rgbi(29);
/// The bubbles of one's own messages.
pub(crate) const OWN_BUBBLE: Color = Color::from_rgbi(30);
/// Fine lines, and the ground of words that were found.
pub(crate) const FINE: Color = Color::from_rgbi(31);

/// The system's font for text, and its bold.
pub(crate) const FONT: Font = Font::Helvetica;
/// Bold text.
pub(crate) const FONT_BOLD: Font = Font::HelveticaBold;
/// What is typed on a command line.
pub(crate) const FONT_CODE: Font = Font::Courier;
/// The size of text.
pub(crate) const TEXT_SIZE: i32 = 15;
/// The size of labels and of remarks.
pub(crate) const SMALL_SIZE: i32 = 13;
/// Space around things.
pub(crate) const MARGIN: i32 = 12;
/// How round corners are.
pub(crate) const RADIUS: i32 = 8;
/// How high a button or a field of one line is.
pub(crate) const CONTROL_HEIGHT: i32 = 38;

/// One of the two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark text on light ground.
    Light,
    /// Light text on dark ground.
    Dark,
}

/// A colour as `0xRRGGBB`.
type Rgb = u32;

impl Theme {
    /// The theme of that name, as the settings have it.
    pub(crate) fn from_name(name: &str) -> Option<Theme> {
        match name {
            "clair" => Some(Theme::Light),
            "sombre" => Some(Theme::Dark),
            _ => None,
        }
    }

    /// The name in the settings.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Theme::Light => "clair",
            Theme::Dark => "sombre",
        }
    }

    /// The other one.
    pub(crate) fn other(self) -> Theme {
        match self {
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::Light,
        }
    }

    /// Makes this the look of all windows, on a screen or for a projector.
    pub fn apply(self, presenting: bool) {
        let outline = self.rgb(if presenting { BORDER } else { FINE });
        for (color, rgb) in self.palette().into_iter().chain([(OUTLINE, outline)]) {
            let (r, g, b) = channels(rgb);
            app::set_color(color, r, g, b);
        }
        // What FLTK draws by itself: menus, scrollbars, tooltips.
        app::set_frame_type2(FrameType::UpBox, FrameType::FlatBox);
        app::set_frame_type2(FrameType::DownBox, FrameType::BorderBox);
        app::set_menu_linespacing(10);
        let color = |wanted| channels(self.rgb(wanted));
        let (r, g, b) = color(BUTTON);
        app::background(r, g, b);
        let (r, g, b) = color(SURFACE);
        app::background2(r, g, b);
        let (r, g, b) = color(TEXT);
        app::foreground(r, g, b);
        let (r, g, b) = color(SELECTION);
        app::set_selection_color(r, g, b);
        Tooltip::set_color(TEXT);
        Tooltip::set_text_color(BACKGROUND);
        Tooltip::set_font_size(SMALL_SIZE);
        app::redraw();
    }

    fn palette(self) -> [(Color, Rgb); 15] {
        match self {
            Theme::Light => [
                (BACKGROUND, 0xf5f6f8),
                (SURFACE, 0xffffff),
                (TEXT, 0x1b1f24),
                (MUTED, 0x57606d),
                (BORDER, 0x767e8a),
                (ACCENT, 0x1f62c4),
                (ACCENT_HOVER, 0x174a96),
                (ON_ACCENT, 0xffffff),
                (BUTTON, 0xe1e5eb),
                (BUTTON_HOVER, 0xd1d7e0),
                (ERROR, 0xb3261e),
                (GOOD, 0x1e7b3a),
                (PENDING, 0x8f5e00),
                (OWN_BUBBLE, 0xd3e5fc),
                (FINE, 0xb4bcc6),
            ],
            Theme::Dark => [
                (BACKGROUND, 0x15191f),
                (SURFACE, 0x252b34),
                (TEXT, 0xe8eaed),
                (MUTED, 0xa6aebb),
                (BORDER, 0x8b94a2),
                (ACCENT, 0x7db5f5),
                (ACCENT_HOVER, 0xa3ccf9),
                (ON_ACCENT, 0x0e1a28),
                (BUTTON, 0x2d323c),
                (BUTTON_HOVER, 0x3b424e),
                (ERROR, 0xffb4ab),
                (GOOD, 0x7bd88f),
                (PENDING, 0xe3b341),
                (OWN_BUBBLE, 0x1f4468),
                (FINE, 0x4a535f),
            ],
        }
    }

    fn rgb(self, wanted: Color) -> Rgb {
        self.palette().into_iter().find(|(color, _)| *color == wanted).map_or(0, |(_, rgb)| rgb)
    }
}

fn channels(rgb: Rgb) -> (u8, u8, u8) {
    let [_, r, g, b] = rgb.to_be_bytes();
    (r, g, b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contrast::contrast;

    #[test]
    fn every_text_can_be_read_in_both_themes() {
        let texts_and_grounds = [
            (TEXT, BACKGROUND),
            (TEXT, SURFACE),
            (TEXT, BUTTON),
            (TEXT, BUTTON_HOVER),
            (ON_SELECTION, SELECTION),
            (MUTED, BACKGROUND),
            (MUTED, SURFACE),
            (MUTED, BUTTON),
            (ON_ACCENT, ACCENT),
            (ON_ACCENT, ACCENT_HOVER),
            (ERROR, BACKGROUND),
            (GOOD, BACKGROUND),
            (PENDING, BACKGROUND),
            (TEXT, OWN_BUBBLE),
            (TEXT, FINE),
            // Links.
            (ACCENT, SURFACE),
            (ACCENT, OWN_BUBBLE),
            (ACCENT, BACKGROUND),
            (MUTED, OWN_BUBBLE),
            (ERROR, OWN_BUBBLE),
            // The hint on which day a message was written.
            (BACKGROUND, TEXT),
        ];
        for theme in [Theme::Light, Theme::Dark] {
            for (text, ground) in texts_and_grounds {
                let ratio = contrast(channels(theme.rgb(text)), channels(theme.rgb(ground)));
                assert!(ratio >= 4.5, "{theme:?}: {text:?} on {ground:?} has {ratio:.2}");
            }
        }
    }

    #[test]
    fn edges_can_be_seen_in_both_themes() {
        for theme in [Theme::Light, Theme::Dark] {
            // The selection in one's own bubble, too, and on a projector the edges of all bubbles.
            for ground in [BACKGROUND, SURFACE, OWN_BUBBLE] {
                for edge in [BORDER, ACCENT] {
                    let ratio = contrast(channels(theme.rgb(edge)), channels(theme.rgb(ground)));
                    assert!(ratio >= 3.0, "{theme:?}: {edge:?} on {ground:?} has {ratio:.2}");
                }
            }
        }
    }

    #[test]
    fn names_lead_back() {
        for theme in [Theme::Light, Theme::Dark] {
            assert_eq!(Theme::from_name(theme.name()), Some(theme));
            assert_ne!(theme.other(), theme);
        }
    }
}
