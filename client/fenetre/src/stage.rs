//! How large everything is drawn, and where the windows stand: the zoom, the presentation, two windows on one screen.
//!
//! FLTK has a zoom of its own, by the same keys. It does nothing while a window is maximized, remembers nothing, and lets
//! every window grow where it stands: over its neighbour and beyond the screen. So only its scale is used.

use std::cell::{Cell, RefCell};

use fltk::app::{self, Screen};
use fltk::enums::{Event, Key};
use fltk::prelude::*;
use fltk::window::DoubleWindow;

use super::paint::Area;

/// How large a window is at first.
const SIZE: (i32, i32) = (480, 640);
/// The smallest size at which everything has room.
pub(crate) const SMALLEST: (i32, i32) = (300, 340);
/// Between two windows, if there is room to spare.
const GAP: i32 = 24;
/// What a window manager puts around a window, as long as it is not known: on both sides together, and above and below.
const FRAME: (i32, i32) = (8, 36);
/// The sizes that one after the other can be chosen, in percent.
const SIZES: [u16; 13] = [50, 67, 80, 90, 100, 110, 120, 133, 150, 170, 200, 240, 300];

/// A wish for another size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zoom {
    Larger,
    Smaller,
    /// The one that it is at first.
    Usual,
}

impl Zoom {
    /// What an event says about the size: Ctrl with `+`, `-`, `0` or the wheel.
    pub(crate) fn asked_for(event: Event) -> Option<Zoom> {
        if !app::is_event_ctrl() || app::is_event_alt() {
            return None;
        }
        match event {
            Event::MouseWheel if app::event_dy_value() < 0 => Some(Zoom::Larger),
            Event::MouseWheel if app::event_dy_value() > 0 => Some(Zoom::Smaller),
            Event::KeyDown => Zoom::of_key(app::event_key()),
            _ => None,
        }
    }

    /// The key as it is without Shift: on some keyboards `+` stands above `=`, and `0` above `à`.
    fn of_key(key: Key) -> Option<Zoom> {
        let is = |wanted: char| {
            key == Key::from_char(wanted) || key == Key::from_i32(Key::KP.bits() + wanted as i32)
        };
        match key {
            _ if is('+') || is('=') => Some(Zoom::Larger),
            _ if is('-') => Some(Zoom::Smaller),
            _ if is('0') || is('à') => Some(Zoom::Usual),
            _ => None,
        }
    }

    /// The size that follows, if `usual` is the one at first.
    pub(crate) fn from(self, percent: u16, usual: u16) -> u16 {
        match self {
            Zoom::Usual => usual,
            Zoom::Larger => SIZES.into_iter().find(|size| *size > percent).unwrap_or(percent),
            Zoom::Smaller => SIZES.into_iter().rev().find(|size| *size < percent).unwrap_or(percent),
        }
    }
}

/// The windows of the program, and how large they are drawn.
#[derive(Debug)]
pub(crate) struct Stage {
    /// How many windows there are to be.
    count: i32,
    windows: RefCell<Vec<DoubleWindow>>,
    /// Each screen's scale without zoom: what the desktop says, and FLTK_SCALING_FACTOR.
    usual_scales: Vec<f32>,
    percent: Cell<u16>,
    /// Where the windows stood before the presentation, and how large everything was then.
    everyday: RefCell<Option<(u16, Vec<Area>)>>,
}

impl Stage {
    /// A stage for so many windows. FLTK must have been started.
    pub(crate) fn new(count: i32, percent: u16) -> Self {
        let usual_scales = (0..app::screen_count()).map(app::screen_scale).collect();
        let stage = Stage {
            count,
            windows: RefCell::default(),
            usual_scales,
            percent: Cell::new(100),
            everyday: RefCell::default(),
        };
        stage.set_scale(percent);
        stage
    }

    /// A new window, in the place that it has among the others.
    pub(crate) fn window(&self) -> DoubleWindow {
        let index = self.windows.borrow().len();
        let area = places(work_area(None), self.count, FRAME, Some(SIZE))
            .get(index)
            .copied()
            .unwrap_or(Area { x: 0, y: 0, w: SIZE.0, h: SIZE.1 });
        let mut window = DoubleWindow::new(area.x, area.y, area.w, area.h, None);
        window.size_range(SMALLEST.0, SMALLEST.1, 0, 0);
        self.windows.borrow_mut().push(window.clone());
        window
    }

    /// Whether the presentation is on.
    pub(crate) fn is_presenting(&self) -> bool {
        self.everyday.borrow().is_some()
    }

    /// Draws everything that large. The windows stay as large as they are, if there is room in them; of several, each
    /// gets its part of the screen.
    pub(crate) fn zoom(&self, percent: u16) {
        let before = self.percent.get();
        let (areas, frame) = (self.areas(), self.frame());
        self.set_scale(percent);
        let frame = (scaled(frame.0, before, percent), scaled(frame.1, before, percent));
        if self.is_presenting() {
            self.share_screen(frame, None);
        } else if self.count > 1 {
            self.share_screen(frame, Some(SIZE));
        } else {
            self.place(&all_scaled(&areas, before, percent));
        }
    }

    /// Begins the presentation: the windows share the screen.
    pub(crate) fn present(&self, percent: u16) {
        let everyday = (self.percent.get(), self.areas());
        *self.everyday.borrow_mut() = Some(everyday);
        self.zoom(percent);
    }

    /// Ends the presentation: everything is where it was.
    pub(crate) fn end_presentation(&self, percent: u16) {
        if let Some((before, areas)) = self.everyday.take() {
            self.set_scale(percent);
            self.place(&all_scaled(&areas, before, percent));
        }
    }

    fn set_scale(&self, percent: u16) {
        self.percent.set(percent);
        for (screen, usual) in (0..).zip(&self.usual_scales) {
            app::set_screen_scale(screen, usual * f32::from(percent) / 100.0);
        }
    }

    fn shown(&self) -> Option<DoubleWindow> {
        self.windows.borrow().iter().find(|window| window.shown()).cloned()
    }

    /// What the window manager has put around a window.
    fn frame(&self) -> (i32, i32) {
        self.shown()
            .map_or(FRAME, |window| (window.decorated_w() - window.w(), window.decorated_h() - window.h()))
    }

    fn areas(&self) -> Vec<Area> {
        self.windows.borrow().iter().map(Area::of).collect()
    }

    /// Puts the windows side by side, none larger than `most`; drawn smaller, if they have no room otherwise.
    fn share_screen(&self, frame: (i32, i32), most: Option<(i32, i32)>) {
        let places = places(work_area(self.shown().as_ref()), self.count, frame, most);
        let percent = self.percent.get();
        let smaller = Zoom::Smaller.from(percent, 100);
        if smaller < percent && places.iter().any(|place| place.w < SMALLEST.0 || place.h < SMALLEST.1) {
            // On a screen so small there is no room for that.
            self.set_scale(smaller);
            let frame = (scaled(frame.0, percent, smaller), scaled(frame.1, percent, smaller));
            self.share_screen(frame, most);
        } else {
            self.place(&places);
        }
    }

    fn place(&self, areas: &[Area]) {
        // FLTK lets other things happen while a window is being resized.
        let windows = self.windows.borrow().clone();
        for (mut window, area) in windows.into_iter().zip(areas) {
            if window.shown() {
                window.resize(area.x, area.y, area.w.max(SMALLEST.0), area.h.max(SMALLEST.1));
            }
        }
    }
}

/// The part of the screen that is free for windows: of the one where that window is, or else the pointer.
fn work_area(window: Option<&DoubleWindow>) -> Area {
    let screen = match window.and_then(|window| Screen::new(window.screen_num()).ok()) {
        Some(screen) => screen.work_area(),
        None => Screen::work_area_mouse(),
    };
    Area { x: screen.x, y: screen.y, w: screen.w, h: screen.h }
}

/// The places of `count` windows side by side in the middle of an area, each with a frame around it: `frame` is what
/// that takes from left to right and from top to bottom, most of it above. They fill the area, or are as large as
/// `most`.
fn places(area: Area, count: i32, frame: (i32, i32), most: Option<(i32, i32)>) -> Vec<Area> {
    let (most_w, most_h) = most.unwrap_or((i32::MAX / 2, i32::MAX / 2));
    let w = (area.w / count - frame.0).min(most_w);
    let h = (area.h - frame.1).min(most_h);
    let room = area.w - count * (w + frame.0);
    let gap = if count > 1 { GAP.min(room / (count - 1)) } else { 0 };
    let left = area.x + (room - (count - 1) * gap) / 2 + frame.0 / 2;
    let top = area.y + (area.h - h - frame.1) / 2 + frame.1 - frame.0 / 2;
    (0..count).map(|i| Area { x: left + i * (w + frame.0 + gap), y: top, w, h }).collect()
}

/// The same length on the screen when everything is drawn larger or smaller. FLTK cuts off what is no whole pixel: it is
/// rounded up, so that nothing shrinks from one size to the next and back.
fn scaled(length: i32, before: u16, now: u16) -> i32 {
    let hundredths = (length * i32::from(before)).div_euclid(100) * 100;
    -(-hundredths).div_euclid(i32::from(now.max(1)))
}

fn all_scaled(areas: &[Area], before: u16, now: u16) -> Vec<Area> {
    let scaled = |length| scaled(length, before, now);
    let area =
        |area: &Area| Area { x: scaled(area.x), y: scaled(area.y), w: scaled(area.w), h: scaled(area.h) };
    areas.iter().map(area).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_each_other_and_end() {
        assert_eq!(Zoom::Larger.from(100, 100), 110);
        assert_eq!(Zoom::Smaller.from(100, 100), 90);
        assert_eq!(Zoom::Larger.from(105, 100), 110);
        assert_eq!((Zoom::Larger.from(300, 100), Zoom::Smaller.from(50, 100)), (300, 50));
        assert_eq!((Zoom::Usual.from(200, 100), Zoom::Usual.from(50, 150)), (100, 150));
    }

    #[test]
    fn a_window_keeps_its_size_from_one_zoom_to_the_next() {
        for length in [0, 1, 480, 561, 640, 1999] {
            let mut there = length;
            let mut before = 100;
            for now in [110, 120, 133, 150, 133, 90, 67, 300, 100] {
                there = scaled(there, before, now);
                before = now;
                let pixels = there * i32::from(now) / 100;
                assert!((length..length + 3).contains(&pixels), "{length}: {pixels} at {now} %");
            }
        }
    }

    #[test]
    fn two_windows_share_every_screen() {
        for (w, h) in [(800, 480), (1024, 600), (1280, 800), (1920, 1080), (3840, 2160)] {
            for percent in [100, 150, 200] {
                let screen = Area { x: 0, y: 20, w: w * 100 / percent, h: (h - 20) * 100 / percent };
                for (frame, most) in [((0, 0), None), ((2, 22), None), ((8, 36), Some(SIZE))] {
                    let windows = places(screen, 2, frame, most);
                    let [left, right] = windows[..] else { panic!("two windows") };
                    let case = format!("{left:?} {right:?} on {screen:?}");
                    assert!(
                        left.x - frame.0 / 2 >= screen.x && left.y - frame.1 + frame.0 / 2 >= screen.y,
                        "{case}"
                    );
                    assert!(left.x + left.w + frame.0 <= right.x, "{case}");
                    assert!(right.x + right.w + frame.0 / 2 <= screen.x + screen.w, "{case}");
                    assert!(right.y + right.h + frame.0 / 2 <= screen.y + screen.h, "{case}");
                    if most.is_none() {
                        assert!(right.x + right.w - left.x >= screen.w - 2 * frame.0 - 2, "{case}");
                        assert_eq!(left.h, screen.h - frame.1, "{case}");
                    }
                }
            }
        }
    }

    #[test]
    fn one_window_stands_in_the_middle() {
        let screen = Area { x: 0, y: 0, w: 1280, h: 800 };
        assert_eq!(places(screen, 1, (0, 0), Some(SIZE)), [Area { x: 400, y: 80, w: 480, h: 640 }]);
    }
}
