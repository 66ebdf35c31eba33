//! For tests: whether a text can be read on its ground.

/// A colour's red, green and blue.
type Channels = (u8, u8, u8);

/// The contrast ratio of WCAG 2, from 1 to 21.
pub(crate) fn contrast(a: Channels, b: Channels) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The relative luminance of WCAG 2, from 0 to 1.
fn luminance((r, g, b): Channels) -> f64 {
    let linear = |channel: u8| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

#[test]
fn the_formula_gives_the_known_ratios() {
    assert!((contrast((255, 255, 255), (0, 0, 0)) - 21.0).abs() < 0.01);
    assert!((contrast((0x77, 0x77, 0x77), (255, 255, 255)) - 4.48).abs() < 0.01);
}
