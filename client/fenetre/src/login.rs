//! The login form: asks for what is missing, says beside each field what is wrong with it, and stays filled in.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use client::store;
use common::address::Pseudo;
use common::endpoint::Endpoint;
use common::text::capitalised;
use fltk::app;
use fltk::button::{Button, CheckButton};
use fltk::enums::{Align, Event, FrameType, Key};
use fltk::group::Group;
use fltk::input::Input;
use fltk::prelude::*;

use super::button::{self, Kind};
use super::found::{FoundServers, News};
use super::framed_input;
use super::front::{Fault, Field};
use super::hook::Hook;
use super::note::Note;
use super::paint::{self, Area, Edge};
use super::theme::{
    ACCENT, BACKGROUND, CONTROL_HEIGHT, ERROR, FONT_BOLD, MARGIN, MUTED, SMALL_SIZE, SURFACE, TEXT,
};

/// The form is never wider than this.
const WIDEST: i32 = 400;
const PORT_WIDTH: i32 = 92;
const LABEL_HEIGHT: i32 = 22;
const TITLE_HEIGHT: i32 = 40;
const KEEP_HEIGHT: i32 = LABEL_HEIGHT + MARGIN;
const TRYING: &str = "Nouvelles tentatives en cours…";
const TRYING_OR_SERVING: &str = "Nouvelles tentatives en cours… Vous pouvez aussi être le serveur vous-même : \
                                 l'autre tapera ce que la fenêtre affichera.";

/// What the user wants.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// To join a discussion there, under that name.
    Join(Endpoint, Pseudo),
    /// To be the server at that port, and join it.
    Host(u16, Pseudo),
    /// To give up trying.
    Cancel,
    /// The other theme.
    SwitchTheme,
    /// Back to the discussion that is over.
    Return,
}

/// One field: its label, its frame, the text in it, what is wrong with it.
#[derive(Clone)]
struct Entry {
    frame: Group,
    input: Input,
    label: &'static str,
    fault: Note,
}

/// The form: a handle.
#[derive(Clone)]
pub(crate) struct Form {
    page: Group,
    introduction: Note,
    host: Entry,
    port: Entry,
    found: FoundServers,
    pseudo: Entry,
    /// What is wrong with none of the fields.
    fault: Note,
    /// Whether the discussion is to be kept on disk.
    keep: CheckButton,
    join: Button,
    cancel: Button,
    serve: Button,
    back: Button,
    /// What is being tried.
    state: Note,
    theme: Button,
    /// The server is this program itself: it is not asked for.
    fixed_server: Rc<OnceCell<Endpoint>>,
    /// This program can be the server, too.
    can_serve: Rc<Cell<bool>>,
    trying: Rc<Cell<bool>>,
    on_action: Hook<Action>,
}

impl Form {
    /// A form that fills the current group, which is `w` wide and `h` high. [`Self::lay_out`] puts its parts in
    /// their places.
    pub(crate) fn new(w: i32, h: i32) -> Self {
        let mut page = Group::new(0, 0, w, h, None);
        page.set_frame(FrameType::FlatBox);
        page.set_color(BACKGROUND);
        page.make_resizable(false);
        let form = Form {
            introduction: Note::new(MUTED),
            host: Entry::new("Adresse du serveur"),
            port: Entry::new("Port"),
            found: FoundServers::new(),
            pseudo: Entry::new("Votre pseudo"),
            fault: Note::new(ERROR),
            keep: keep_button(),
            join: button::text_button("Rejoindre la discussion", 'r', Kind::Main),
            cancel: button::text_button("Annuler", 'a', Kind::Plain),
            serve: button::text_button("Être le serveur", 's', Kind::Plain),
            back: button::text_button("Revenir", 'v', Kind::Plain),
            state: Note::new(MUTED),
            theme: button::theme_button(),
            page: page.clone(),
            fixed_server: Rc::default(),
            can_serve: Rc::default(),
            trying: Rc::default(),
            on_action: Hook::new(),
        };
        page.end();
        form.introduction.set(
            "Une discussion à deux. Le serveur affiche son adresse et son port ; le pseudo est le nom que l'autre verra.",
        );
        form.cancel.clone().hide();
        form.serve.clone().hide();
        form.serve.clone().set_tooltip(
            "Cette machine devient le serveur ; l'autre y tape ce que la fenêtre affiche (Alt+S)",
        );
        form.back.clone().hide();
        form.connect_events();
        form
    }

    /// Calls `f` whenever the user wants something; to be set once.
    pub(crate) fn on_action(&self, f: impl Fn(Action) + 'static) {
        self.on_action.set(f);
    }

    fn connect_events(&self) {
        let mut page = self.page.clone();
        page.resize_callback({
            let form = self.clone();
            move |_, _, _, _, _| form.lay_out()
        });
        page.draw({
            let form = self.clone();
            move |_| form.draw_labels()
        });
        page.handle({
            let form = self.clone();
            move |_, event| match event {
                // The focused button has taken it for itself already.
                Event::KeyDown if matches!(app::event_key(), Key::Enter | Key::KPEnter) => {
                    form.submit();
                    true
                }
                Event::KeyDown if app::event_key() == Key::Escape && form.trying.get() => {
                    form.on_action.call(Action::Cancel);
                    true
                }
                _ => false,
            }
        });
        let form = self.clone();
        self.join.clone().set_callback(move |_| form.submit());
        let form = self.clone();
        self.cancel.clone().set_callback(move |_| form.on_action.call(Action::Cancel));
        let form = self.clone();
        self.serve.clone().set_callback(move |_| form.ask_to_serve());
        let form = self.clone();
        self.back.clone().set_callback(move |_| form.on_action.call(Action::Return));
        let form = self.clone();
        self.theme.clone().set_callback(move |_| form.on_action.call(Action::SwitchTheme));
        let form = self.clone();
        self.found.on_news(move |news| form.show_news(news));
        for entry in [&self.host, &self.port, &self.pseudo] {
            let (form, changed) = (self.clone(), entry.clone());
            entry.input.clone().set_callback(move |_| {
                // FLTK calls this for a click into a field that cannot be changed, too.
                if !form.trying.get() {
                    changed.fault.set("");
                    form.fault.set("");
                    form.lay_out();
                }
            });
        }
    }

    /// Fills the fields in.
    pub(crate) fn fill(&self, host: &str, port: &str, pseudo: &str) {
        for (entry, value) in [(&self.host, host), (&self.port, port), (&self.pseudo, pseudo)] {
            entry.input.clone().set_value(value);
        }
    }

    fn show_news(&self, news: News) {
        match news {
            News::Changed => self.lay_out(),
            News::Picked(server) => {
                self.fill_server(&server);
                // By keys one goes through the list, line by line.
                if app::event() != Event::KeyDown {
                    self.take_focus();
                }
            }
            // Never in the place of what was typed, now or the last time.
            News::Only(server) if self.host.input.value().is_empty() => {
                self.fill_server(&server);
                if self.host.input.has_focus() {
                    self.take_focus();
                }
            }
            News::Only(_) => {}
        }
    }

    fn fill_server(&self, server: &Endpoint) {
        self.host.input.clone().set_value(&server.host);
        self.port.input.clone().set_value(&server.port.to_string());
        self.host.fault.set("");
        self.port.fault.set("");
        self.lay_out();
    }

    /// Looks for servers while the form is there to be filled in and the server is not known.
    fn search(&self) {
        if self.fixed_server.get().is_none() {
            let (page, trying) = (self.page.clone(), Rc::clone(&self.trying));
            self.found.search_while(move || page.visible_r() && !trying.get());
        }
    }

    /// Whether the discussion is to be kept on disk.
    pub(crate) fn keep(&self) -> bool {
        self.keep.is_checked()
    }

    /// Says so beforehand.
    pub(crate) fn set_keep(&self, keep: bool) {
        self.keep.clone().set_checked(keep);
    }

    /// Offers to go back to the discussion that is over, until the next one is tried.
    pub(crate) fn offer_return(&self) {
        self.back.clone().show();
        self.lay_out();
    }

    /// Offers to be the server, until one is known.
    pub(crate) fn offer_hosting(&self) {
        self.can_serve.set(true);
    }

    /// Asks for the pseudo only: the server is known.
    pub(crate) fn fix_server(&self, server: Endpoint) {
        self.introduction.set(&format!(
            "Cette machine est le serveur (port {}). Le pseudo est le nom que l'autre verra.",
            server.port
        ));
        self.can_serve.set(false);
        if self.fixed_server.set(server).is_ok() {
            self.host.hide();
            self.port.hide();
        }
    }

    /// The page to show or hide.
    pub(crate) fn page(&self) -> Group {
        self.page.clone()
    }

    /// Gives the focus to the first field that needs the user: one with an error, an empty one, the last.
    pub(crate) fn take_focus(&self) {
        if self.trying.get() {
            let _ = self.cancel.clone().take_focus();
            return;
        }
        self.search();
        let fields: Vec<&Entry> = [&self.host, &self.port, &self.pseudo]
            .into_iter()
            .filter(|entry| entry.frame.visible())
            .collect();
        let needs_the_user = |entry: &&&Entry| !entry.fault.is_empty();
        let chosen = fields
            .iter()
            .find(needs_the_user)
            .or_else(|| fields.iter().find(|entry| entry.input.value().is_empty()))
            .or(fields.last());
        if let Some(entry) = chosen {
            let mut input = entry.input.clone();
            let _ = input.take_focus();
            // The whole value is selected: typing replaces it.
            let _ = input.set_position(0);
            let _ = input.set_mark(input.value().len() as i32);
        }
    }

    /// Says what is being tried; the fields rest until [`Self::ready`].
    pub(crate) fn trying(&self, server: &Endpoint) {
        self.trying.set(true);
        self.back.clone().hide();
        self.clear_faults();
        self.state.set(&format!("Connexion à {server}…"));
        self.refresh();
    }

    /// Nothing is being tried any more: the user can type again.
    pub(crate) fn ready(&self) {
        self.trying.set(false);
        self.state.set("");
        self.refresh();
    }

    /// Says what is wrong, beside the field it concerns.
    pub(crate) fn show_fault(&self, fault: &Fault) {
        self.clear_faults();
        let entry = match fault.field {
            Field::Host => Some(&self.host),
            Field::Pseudo => Some(&self.pseudo),
            Field::Form => None,
        };
        let note = entry.filter(|entry| entry.frame.visible()).map_or(&self.fault, |entry| &entry.fault);
        note.set(&format!("{}.", fault.sentence));
        self.lay_out();
        if self.trying.get() {
            self.state.set(if self.serve.visible() { TRYING_OR_SERVING } else { TRYING });
            self.lay_out();
        }
    }

    /// Nothing is wrong any more.
    pub(crate) fn clear_faults(&self) {
        for note in [&self.host.fault, &self.port.fault, &self.pseudo.fault, &self.fault] {
            note.set("");
        }
    }

    fn refresh(&self) {
        let trying = self.trying.get();
        for entry in [&self.host, &self.port, &self.pseudo] {
            entry.set_open(!trying);
        }
        set_visible(&mut self.keep.clone(), !trying);
        set_visible(&mut self.join.clone(), !trying);
        set_visible(&mut self.cancel.clone(), trying);
        self.lay_out();
    }

    /// Checks the fields; if they make sense, joins.
    fn submit(&self) {
        if self.trying.get() {
            return;
        }
        self.clear_faults();
        let server = match self.fixed_server.get() {
            Some(server) => Ok(server.clone()),
            None => self.server(),
        };
        self.act_with_pseudo(server, Action::Join);
    }

    /// The same, to be the server.
    fn ask_to_serve(&self) {
        self.clear_faults();
        self.act_with_pseudo(self.typed_port(), Action::Host);
    }

    /// Does that with the server, or the port, and the pseudo, if both make sense.
    fn act_with_pseudo<T>(&self, typed: Result<T, (&Entry, String)>, act: fn(T, Pseudo) -> Action) {
        let pseudo = self.pseudo.input.value().trim().parse::<Pseudo>();
        if let Err((field, sentence)) = &typed {
            field.fault.set(&format!("{}.", capitalised(sentence)));
        }
        if let Err(error) = &pseudo {
            self.pseudo.fault.set(&format!("{}.", capitalised(&error.to_string())));
        }
        self.lay_out();
        match (typed, pseudo) {
            (Ok(typed), Ok(pseudo)) => self.on_action.call(act(typed, pseudo)),
            _ => self.take_focus(),
        }
    }

    fn typed_port(&self) -> Result<u16, (&Entry, String)> {
        let port = self.port.input.value().trim().parse().ok().filter(|port| *port > 0);
        port.ok_or((&self.port, "le port est un nombre de 1 à 65535".to_owned()))
    }

    /// The server that the fields name, or which field is wrong and why. `client HOTE:PORT`, as the server prints it,
    /// or `HOTE:PORT` can be typed into the first field; the port moves over to its own.
    fn server(&self) -> Result<Endpoint, (&Entry, String)> {
        let typed = self.host.input.value();
        let typed = typed.trim();
        let host = typed.strip_prefix("client ").unwrap_or(typed).trim_start();
        if host.is_empty() {
            return Err((&self.host, "tapez l'adresse que « serveur » affiche au démarrage".to_owned()));
        }
        let mut endpoint = Endpoint::parse_remote(host).map_err(|error| (&self.host, error.to_string()))?;
        if endpoint.host == host || host == format!("[{}]", endpoint.host) {
            endpoint.port = self.typed_port()?;
        }
        self.fill_server(&endpoint);
        Ok(endpoint)
    }

    /// Puts everything in its place.
    pub(crate) fn lay_out(&self) {
        let page = Area::of(&self.page);
        let w = (page.w - 2 * 2 * MARGIN).min(WIDEST);
        let x = page.x + (page.w - w) / 2;
        self.theme.clone().set_pos(page.x + page.w - self.theme.w() - MARGIN, page.y + MARGIN);
        let mut calm = self.height(w, &[&self.introduction]) + KEEP_HEIGHT;
        let mut others = self.height(w, &self.notes());
        let trying = self.trying.get();
        let mut keep = if trying { 0 } else { KEEP_HEIGHT };
        // That can be done without, too, where the introduction is not enough.
        let least = others + keep - self.introduction.height(w) + CONTROL_HEIGHT + MARGIN;
        let serves = self.can_serve.get() && least <= page.h;
        if serves {
            others += CONTROL_HEIGHT + MARGIN;
            calm += CONTROL_HEIGHT + MARGIN;
        }
        let max = page.h - others - KEEP_HEIGHT - 2 * MARGIN;
        let mut found = if self.host.frame.visible() { self.found.height(w, max) } else { 0 };
        // While a server is being tried these are not there; their room stays, if it is not needed, so that nothing moves.
        // Without room to spare the buttons matter more than the search, as long as it has found nothing.
        let fits = others + KEEP_HEIGHT + found <= page.h;
        if fits {
            keep = KEEP_HEIGHT;
        } else if trying || self.back.visible() || self.found.is_empty() {
            found = 0;
        }
        let spare = page.h - others - keep - found;
        // With room to spare the form stands a little above the middle, and stays there whatever it has to say.
        let above = ((page.h - calm) * 2 / 5).min(spare).max(0);
        let mut y = page.y + MARGIN + above + TITLE_HEIGHT;
        let introduction = self.introduction.place(x, y, w);
        // Without room to spare the introduction is what can be done without.
        y += if set_visible(&mut self.introduction.widget(), spare >= 0) { introduction + MARGIN } else { 0 };
        if self.host.frame.visible() {
            let host_width = w - PORT_WIDTH - MARGIN;
            self.host.place(x, y, host_width);
            self.port.place(x + host_width + MARGIN, y, PORT_WIDTH);
            y += LABEL_HEIGHT + CONTROL_HEIGHT + 4;
            y += self.host.fault.place(x, y, w);
            y += self.port.fault.place(x, y, w) + MARGIN;
        }
        self.found.place(x, y, w, if trying { 0 } else { found });
        y += found;
        self.pseudo.place(x, y, w);
        y += LABEL_HEIGHT + CONTROL_HEIGHT + 4;
        y += self.pseudo.fault.place(x, y, w) + MARGIN;
        self.keep.clone().resize(x, y, w, LABEL_HEIGHT);
        y += keep;
        y += self.fault.place(x, y, w);
        for mut button in [self.join.clone(), self.cancel.clone()] {
            button.resize(x, y, w, CONTROL_HEIGHT + 4);
        }
        y += CONTROL_HEIGHT + MARGIN;
        if set_visible(&mut self.serve.clone(), serves) {
            self.serve.clone().resize(x, y, w, CONTROL_HEIGHT);
            y += CONTROL_HEIGHT + MARGIN;
        }
        if self.back.visible() {
            self.back.clone().resize(x, y, w, CONTROL_HEIGHT);
            y += CONTROL_HEIGHT + MARGIN;
        }
        self.state.place(x, y, w);
        self.page.clone().redraw();
    }

    fn notes(&self) -> [&Note; 5] {
        [&self.introduction, &self.host.fault, &self.port.fault, &self.pseudo.fault, &self.fault]
    }

    /// How high everything that is always there is together, with those notes.
    fn height(&self, w: i32, notes: &[&Note]) -> i32 {
        let rows = if self.host.frame.visible() { 2 } else { 1 };
        TITLE_HEIGHT
            + rows * (LABEL_HEIGHT + CONTROL_HEIGHT + 4 + MARGIN)
            + notes.iter().map(|note| note.height(w)).sum::<i32>()
            + if self.back.visible() { 3 } else { 2 } * (CONTROL_HEIGHT + MARGIN)
    }

    fn draw_labels(&self) {
        let left = Align::Left | Align::Inside;
        let below = Area::of(&self.introduction.widget());
        let title = Area { y: below.y - TITLE_HEIGHT, h: TITLE_HEIGHT, ..below };
        paint::text("Messagerie", title, left, FONT_BOLD, 24, TEXT);
        for entry in [&self.host, &self.port, &self.pseudo] {
            if entry.frame.visible() {
                let area = Area::of(&entry.frame);
                let area = Area { y: area.y - LABEL_HEIGHT, h: LABEL_HEIGHT, ..area };
                paint::text(entry.label, area, left, FONT_BOLD, SMALL_SIZE, TEXT);
            }
        }
    }
}

fn keep_button() -> CheckButton {
    let mut keep = button::check_button("Garder l'historique sur cet ordinateur");
    keep.set_tooltip(&match store::folder() {
        Ok(folder) => format!("Dans le dossier {}", folder.display()),
        Err(trouble) => trouble.to_string(),
    });
    keep
}

impl Entry {
    fn new(label: &'static str) -> Self {
        let (mut frame, mut input) = framed_input::new();
        let fault = Note::new(ERROR);
        input.handle({
            let mut frame = frame.clone();
            move |input, event| framed_input::handle(&mut frame, input, event)
        });
        frame.draw({
            let (input, fault) = (input.clone(), fault.clone());
            move |frame| {
                let edge = match () {
                    () if !fault.is_empty() => Edge::Faulty,
                    () if input.has_focus() => Edge::Focused,
                    () => Edge::Plain,
                };
                paint::field(Area::of(frame), edge, input.color());
                frame.draw_children();
            }
        });
        Entry { frame, input, label, fault }
    }

    /// Puts it somewhere; the label stands at the top.
    fn place(&self, x: i32, y: i32, w: i32) {
        let area = Area { x, y: y + LABEL_HEIGHT, w, h: CONTROL_HEIGHT };
        framed_input::place(&self.frame, &self.input, area);
    }

    /// Whether it can be typed into. It can always be read.
    fn set_open(&self, open: bool) {
        let mut input = self.input.clone();
        input.set_readonly(!open);
        input.set_text_color(if open { TEXT } else { MUTED });
        input.set_color(if open { SURFACE } else { BACKGROUND });
        input.set_cursor_color(if open { ACCENT } else { BACKGROUND });
        self.frame.clone().redraw();
    }

    fn hide(&self) {
        self.frame.clone().hide();
    }
}

fn set_visible(widget: &mut impl WidgetExt, visible: bool) -> bool {
    if visible {
        widget.show();
    } else {
        widget.hide();
    }
    visible
}
