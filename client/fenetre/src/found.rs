//! The servers that answer on this network, to be picked instead of typing an address.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use client::discovery::{Found, Search};
use common::discovery;
use common::endpoint::Endpoint;
use fltk::app;
use fltk::browser::{BrowserScrollbar, HoldBrowser};
use fltk::draw;
use fltk::enums::{CallbackTrigger, FrameType};
use fltk::prelude::*;

use super::hook::Hook;
use super::note::Note;
use super::paint::Area;
use super::text::Face;
use super::theme::{ACCENT, BORDER, FONT, MARGIN, MUTED, SELECTION, SURFACE, TEXT_SIZE};

/// How often answers are looked for, and after how many looks everybody is asked again.
const LOOK: Duration = Duration::from_millis(250);
const LOOKS_PER_QUESTION: u64 = 8;
/// How long one look may wait for an answer, which has arrived already or comes later.
const WAIT: Duration = Duration::from_millis(1);
/// Nobody is taken for the only one before the others have had the time to answer.
const ANSWERED_AFTER: Duration = Duration::from_secs(1);
const SEARCHING: &str = "Recherche de serveurs sur ce réseau…";
const PICK: &str = "Serveurs trouvés sur ce réseau (un clic remplit l'adresse) :";

/// What a format begins with in the list.
const FORMAT: char = '\u{1}';
/// The size of the letters that would make a line as high as the lines are.
const LINE_SIZE: i32 = 19;
/// Between a machine's name and what follows.
const GAP: i32 = 10;

/// What the search has to say.
#[derive(Clone, Debug)]
pub(crate) enum News {
    /// The list has changed: it may want more room or less.
    Changed,
    /// The user has picked that one.
    Picked(Endpoint),
    /// That one alone has answered.
    Only(Endpoint),
}

/// The list, and the search that fills it: a handle.
#[derive(Clone)]
pub(crate) struct FoundServers {
    heading: Note,
    list: HoldBrowser,
    state: Rc<RefCell<State>>,
    on_news: Hook<News>,
}

#[derive(Debug, Default)]
struct State {
    /// None before the first start, and where the system gives no socket.
    search: Option<Search>,
    since: Option<Instant>,
    looks: u64,
    shown: Vec<Found>,
    only_told: bool,
}

impl State {
    /// Asks if it is time, and says what is new.
    fn look(&mut self) -> Option<News> {
        let search = self.search.as_mut()?;
        if self.looks.is_multiple_of(LOOKS_PER_QUESTION) {
            search.ask();
        }
        self.looks += 1;
        if let Err(error) = search.receive(WAIT) {
            log::info!("Recherche : {error}");
        }
        let found = search.found();
        if found != self.shown {
            self.shown = found;
            return Some(News::Changed);
        }
        let others_had_time = self.since.is_some_and(|since| since.elapsed() >= ANSWERED_AFTER);
        match &self.shown[..] {
            [only] if others_had_time && !self.only_told => {
                self.only_told = true;
                Some(News::Only(only.endpoint()))
            }
            _ => None,
        }
    }
}

impl FoundServers {
    /// An empty list in the current group.
    pub(crate) fn new() -> Self {
        let heading = Note::new(MUTED);
        heading.set(SEARCHING);
        let mut list = HoldBrowser::default();
        list.set_frame(FrameType::FlatBox);
        list.set_color(SURFACE);
        list.set_selection_color(SELECTION);
        list.set_text_size(TEXT_SIZE);
        list.set_has_scrollbar(BrowserScrollbar::Vertical);
        // Names come from whoever answers: nothing in them is a format.
        list.set_format_char(FORMAT);
        list.set_trigger(CallbackTrigger::Release);
        list.draw(|list| {
            let (color, width) = if list.has_focus() { (ACCENT, 2) } else { (BORDER, 1) };
            for inset in 0..width {
                let Area { x, y, w, h } = Area::of(list).inset(inset);
                draw::draw_rect_with_color(x, y, w, h, color);
            }
        });
        list.hide();
        let found = FoundServers { heading, list, state: Rc::default(), on_news: Hook::new() };
        let picked = found.clone();
        found.list.clone().set_callback(move |list| {
            let place = usize::try_from(list.value() - 1).ok();
            let endpoint = place.and_then(|place| Some(picked.state.borrow().shown.get(place)?.endpoint()));
            endpoint.into_iter().for_each(|endpoint| picked.on_news.call(News::Picked(endpoint)));
        });
        found
    }

    /// Calls `f` with what there is to say; to be set once.
    pub(crate) fn on_news(&self, f: impl Fn(News) + 'static) {
        self.on_news.set(f);
    }

    /// Looks for servers for as long as `is_wanted`.
    pub(crate) fn search_while(&self, is_wanted: impl Fn() -> bool + 'static) {
        let mut state = self.state.borrow_mut();
        if state.since.is_some() {
            return;
        }
        state.since = Some(Instant::now());
        if state.search.is_none() {
            let search = Search::new(discovery::port());
            state.search = search.inspect_err(|error| log::info!("Recherche : {error}")).ok();
        }
        let found = self.clone();
        app::add_timeout3(0.0, move |timer| {
            if is_wanted() {
                found.look();
                app::repeat_timeout3(LOOK.as_secs_f64(), timer);
            } else {
                found.state.borrow_mut().since = None;
            }
        });
    }

    fn look(&self) {
        let news = self.state.borrow_mut().look();
        if matches!(news, Some(News::Changed)) {
            self.show();
        }
        news.into_iter().for_each(|news| self.on_news.call(news));
    }

    /// Whether none has answered.
    pub(crate) fn is_empty(&self) -> bool {
        self.state.borrow().shown.is_empty()
    }

    fn show(&self) {
        self.fill();
        self.heading.set(if self.is_empty() { SEARCHING } else { PICK });
    }

    /// Writes the lines, with as much of each machine's name as there is room for.
    fn fill(&self) {
        let mut list = self.list.clone();
        let (face, columns) = (Face::new(TEXT_SIZE), columns(list.w()));
        list.clear();
        for found in &self.state.borrow().shown {
            let name = face.shortened(found.machine(), columns[0] - GAP);
            // What stands last is empty, and makes the line higher.
            list.add(&format!(
                " {name}\t{}\t{}\t{FORMAT}S{LINE_SIZE}{FORMAT}. ",
                found.room(),
                found.endpoint()
            ));
        }
        list.set_column_widths(&columns);
    }

    /// How high it is when it is `w` wide and may be `max` high. One line is always shown.
    pub(crate) fn height(&self, w: i32, max: i32) -> i32 {
        let heading = self.heading.height(w);
        let lines = self.state.borrow().shown.len() as i32;
        draw::set_font(FONT, LINE_SIZE);
        let line = draw::height();
        let fitting = ((max - heading - MARGIN) / line).max(1);
        heading + lines.min(fitting) * line + MARGIN
    }

    /// Puts it somewhere, `w` wide and `h` high; without a height it is hidden.
    pub(crate) fn place(&self, x: i32, y: i32, w: i32, h: i32) {
        let mut list = self.list.clone();
        if h == 0 {
            self.heading.widget().hide();
            return list.hide();
        }
        self.heading.widget().show();
        let heading = self.heading.place(x, y, w);
        let is_wide = list.w() == w;
        list.resize(x, y + heading, w, h - heading - MARGIN);
        if !is_wide {
            self.fill();
        }
        if self.is_empty() { list.hide() } else { list.show() }
    }
}

/// How wide the machine's name, the free seats and the address are in a list of that width.
fn columns(w: i32) -> [i32; 3] {
    [w * 2 / 5, w / 5, w * 2 / 5]
}
