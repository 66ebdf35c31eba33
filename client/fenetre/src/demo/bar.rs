//! The bar above a window of the demonstration: what can be broken, the count, and what is broken.

use std::cell::RefCell;
use std::rc::Rc;

use client::event::Event as Happened;
use client::link::Link;
use common::delivery::MessageId;
use fltk::app;
use fltk::button::Button;
use fltk::draw;
use fltk::enums::{Align, Color, Event, FrameType, Shortcut};
use fltk::frame::Frame;
use fltk::group::Group;
use fltk::prelude::*;

use super::{Demo, Seat};
use crate::button::{self, Kind};
use crate::note::Note;
use crate::paint::{self, Area};
use crate::theme::{BACKGROUND, BORDER, FONT_BOLD, MARGIN, MUTED, PENDING, SMALL_SIZE, TEXT_SIZE};

const PULL: &str = "Débrancher";
const PLUG: &str = "Rebrancher";
const STOP: &str = "Arrêter le serveur";
const START: &str = "Relancer le serveur";
const PLUG_KEY: char = 'd';
const SERVER_KEY: char = 's';
/// How high the buttons are.
const BUTTON_HEIGHT: i32 = 32;
/// How wide the drawn plug is, pulled out, and how far from it the word begins.
const SIGN: i32 = 34;
const SIGN_GAP: i32 = 8;
const GAP: i32 = 8;
/// Between the banner's edge and its text.
const PADDING: i32 = 5;
/// The line that sets the bar off from the page.
const EDGE: i32 = 1;

/// The bar: a handle.
#[derive(Clone)]
pub(crate) struct Bar {
    demo: Demo,
    seat: Seat,
    group: Group,
    plug: Button,
    /// In one of the windows.
    server: Option<Button>,
    count: Note,
    banner: Frame,
    /// The count and what the banner says.
    shown: Rc<RefCell<(String, String)>>,
    edge: Frame,
}

impl Bar {
    /// A bar in the current group; the server's button is in alice's. `then` is called after each click.
    pub(crate) fn new(demo: &Demo, seat: Seat, then: impl Fn() + Clone + 'static) -> Self {
        let shown = Rc::new(RefCell::new((String::new(), String::new())));
        let mut group = Group::default();
        group.set_frame(FrameType::FlatBox);
        group.set_color(BACKGROUND);
        let mut plug = plug_button(demo, seat);
        plug.set_callback({
            let (demo, then) = (demo.clone(), then.clone());
            move |_| {
                demo.switch_cable(seat);
                then();
            }
        });
        let mut server = (seat == Seat::Alice).then(|| button::text_button(STOP, SERVER_KEY, Kind::Plain));
        if let Some(server) = &mut server {
            let demo = demo.clone();
            server.set_callback(move |_| {
                demo.switch_server();
                then();
            });
        }
        let count = count(&shown);
        let mut banner = Frame::default();
        banner.draw({
            let shown = Rc::clone(&shown);
            move |banner| {
                let area = Area::of(banner);
                paint::fill(area, PENDING);
                let (align, text) = (Align::Left | Align::Inside, &shown.borrow().1);
                paint::text(text, area.inset(PADDING), align, FONT_BOLD, SMALL_SIZE, BACKGROUND);
            }
        });
        let mut edge = Frame::default();
        edge.set_frame(FrameType::FlatBox);
        edge.set_color(BORDER);
        group.end();
        group.make_resizable(false);
        Bar { demo: demo.clone(), seat, group, plug, server, count, banner, shown, edge }
    }

    /// A message was written in this window.
    pub(crate) fn wrote(&self, id: MessageId) {
        self.demo.0.tally.borrow_mut().wrote(self.seat, id);
    }

    /// This window shows what has happened.
    pub(crate) fn show(&self, event: &Happened) {
        self.demo.0.tally.borrow_mut().show(self.seat, event);
    }

    /// Shows how things stand; whether it has another height now.
    pub(crate) fn refresh(&self, link: Option<&Link>) -> bool {
        if let Some(link) = link {
            self.demo.0.tally.borrow_mut().repeat(self.seat, link.take_repetitions());
        }
        relabel(&self.plug, if self.demo.is_pulled(self.seat) { PLUG } else { PULL }, PLUG_KEY);
        if let Some(server) = &self.server {
            relabel(server, if self.demo.has_server() { STOP } else { START }, SERVER_KEY);
        }
        let now = (self.demo.0.tally.borrow().to_string(), self.demo.trouble());
        if *self.shown.borrow() == now {
            return false;
        }
        self.count.set(&now.0);
        self.banner.clone().redraw();
        self.shown.replace(now).1.len() != self.shown.borrow().1.len()
    }

    /// Puts it at the top of a window that is `w` wide; returns how high it is.
    pub(crate) fn place(&self, w: i32) -> i32 {
        let (x, w, mut y) = (MARGIN, w - 2 * MARGIN, GAP);
        let mut left = x;
        let plug = (&self.plug, SIGN + SIGN_GAP + widest(PULL, PLUG) - MARGIN);
        let server = self.server.as_ref().map(|server| (server, widest(STOP, START)));
        for (button, width) in [plug].into_iter().chain(server) {
            if left > x && left + width > x + w {
                (left, y) = (x, y + BUTTON_HEIGHT + GAP / 2);
            }
            button.clone().resize(left, y, width.min(w), BUTTON_HEIGHT);
            left += width + GAP;
        }
        y += BUTTON_HEIGHT + GAP / 2;
        y += self.count.place(x, y, w);
        y += self.place_banner(Area { x, y, w, h: 0 });
        self.edge.clone().resize(0, y, w + 2 * MARGIN, EDGE);
        self.group.clone().resize(0, 0, w + 2 * MARGIN, y + EDGE);
        y + EDGE
    }

    /// The same for the banner, which takes no room while all is well.
    fn place_banner(&self, Area { x, y, w, .. }: Area) -> i32 {
        let text = &self.shown.borrow().1;
        let mut banner = self.banner.clone();
        if text.is_empty() {
            banner.hide();
            return 0;
        }
        let h = paint::measure(text, w - 2 * PADDING, FONT_BOLD, SMALL_SIZE).1 + 2 * PADDING;
        banner.resize(x, y, w, h);
        banner.show();
        h + GAP / 2
    }
}

/// The count, which a click copies.
fn count(shown: &Rc<RefCell<(String, String)>>) -> Note {
    let count = Note::new(MUTED);
    let mut widget = count.widget();
    widget.set_tooltip(
        "Les messages des deux fenêtres ensemble : écrits, affichés chez l'autre, arrivés une fois de plus et non \
         affichés, perdus. Un clic copie ces nombres.",
    );
    let shown = Rc::clone(shown);
    widget.handle(move |_, event| {
        if event == Event::Push {
            app::copy(&shown.borrow().0);
        }
        event == Event::Push
    });
    count
}

fn widest(one: &str, other: &str) -> i32 {
    button::width_for(one).max(button::width_for(other))
}

/// Another word on a button, and in its tooltip.
fn relabel(button: &Button, label: &str, key: char) {
    if button.label() != label {
        let mut button = button.clone();
        button.set_label(label);
        button.set_tooltip(&format!("{label} (Alt+{})", key.to_ascii_uppercase()));
        button.redraw();
    }
}

/// A button with a word and a plug, in its socket or out of it.
fn plug_button(demo: &Demo, seat: Seat) -> Button {
    let demo = demo.clone();
    let mut button = button::flat_button(Kind::Plain, move |button, color| {
        let area = Area::of(button);
        let (word, _) = paint::measure(&button.label(), area.w, FONT_BOLD, TEXT_SIZE);
        let x = area.x + (area.w - SIGN - SIGN_GAP - word) / 2;
        draw_plug(x + SIGN / 2, area.y + area.h / 2, demo.is_pulled(seat), color);
        let word = Area { x: x + SIGN + SIGN_GAP, w: word, ..area };
        paint::text(&button.label(), word, Align::Left | Align::Inside, FONT_BOLD, TEXT_SIZE, color);
    });
    button.set_shortcut(Shortcut::Alt | PLUG_KEY);
    button
}

/// A plug and its socket around a middle; in it, or apart and in another colour.
fn draw_plug(x: i32, y: i32, is_out: bool, color: Color) {
    let apart = if is_out { 4 } else { 0 };
    draw::set_draw_color(if is_out { PENDING } else { color });
    let rectangle = |x, y, w, h| draw::draw_rectf(x, y, w, h);
    // The plug with its cord and its pins.
    rectangle(x - 13 - apart, y - 1, 6, 2);
    rectangle(x - 8 - apart, y - 5, 7, 10);
    rectangle(x - 1 - apart, y - 4, 4, 2);
    rectangle(x - 1 - apart, y + 2, 4, 2);
    // The socket with its cord.
    rectangle(x + 1 + apart, y - 7, 6, 14);
    rectangle(x + 7 + apart, y - 1, 6, 2);
}
