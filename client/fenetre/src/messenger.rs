//! One window: the form, then the discussion, and what leads from one to the other.

mod archive;
mod files;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use common::address::Pseudo;
use common::clock;
use common::discovery;
use common::endpoint::Endpoint;
use common::text::{capitalised, shortened};
use crossbeam_channel::Receiver;
use fltk::app;
use fltk::enums::{ColorDepth, Event, Key};
use fltk::group::Group;
use fltk::image::RgbImage;
use fltk::prelude::*;
use fltk::window::DoubleWindow;

use super::chat::{self, Chat};
use super::demo::{Bar, Demo, Seat};
use super::display::Entry;
use super::front::{Batch, Fault, Field, bridge};
use super::hosting::Hosting;
use super::login::{self, Form};
use super::paint::Area;
use super::question::{Answer, Question};
use super::settings::{self, Settings};
use super::stage::{Stage, Zoom};
use super::status::Status;
use super::text;
use super::theme::{BACKGROUND, Theme};
use super::urgency;
use archive::Archive;
use client::QUIT_WORD;
use client::event::{End, Ending, Event as Happened, Message, Undelivered};
use client::history;
use client::link::Link;
use client::undelivered;

/// How many characters of a link are shown before it is opened.
const SHOWN_OF_LINK: usize = 200;

/// What all windows of the program share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// What is remembered.
    pub(crate) settings: RefCell<Settings>,
    /// Whether the next run is to find it.
    pub(crate) remember: bool,
    /// Whether discussions are to be kept, if the command line says so.
    pub(crate) keep: Option<bool>,
    /// The look they have now.
    pub(crate) theme: Cell<Theme>,
    /// Where the windows are and how large they are drawn.
    pub(crate) stage: Stage,
    /// The relay inside this program, if another machine is to join it.
    pub(crate) hosting: RefCell<Option<Hosting>>,
}

impl Shared {
    /// Changes what is remembered from one run to the next.
    fn remember(&self, change: impl Fn(&mut Settings)) {
        change(&mut self.settings.borrow_mut());
        // Another program may have changed the rest meanwhile.
        let mut kept = Settings::load();
        change(&mut kept);
        kept.save();
    }

    /// The same, unless this is a demonstration.
    fn change_settings(&self, change: impl Fn(&mut Settings)) {
        if self.remember {
            self.remember(change);
        } else {
            change(&mut self.settings.borrow_mut());
        }
    }

    /// Draws everything larger or smaller, now and in the next run; the presentation has a size of its own.
    fn zoom(&self, zoom: Zoom) {
        let presenting = self.stage.is_presenting();
        let usual = if presenting { settings::PRESENTATION } else { settings::ZOOM };
        let percent = zoom.from(self.size(presenting), usual);
        self.remember(|settings| *settings.size(presenting) = percent);
        self.stage.zoom(percent);
    }

    /// Begins the presentation or ends it.
    fn switch_presentation(&self) {
        let presenting = !self.stage.is_presenting();
        self.theme.get().apply(presenting);
        if presenting {
            self.stage.present(self.size(true));
        } else {
            self.stage.end_presentation(self.size(false));
        }
    }

    fn size(&self, presenting: bool) -> u16 {
        *self.settings.borrow_mut().size(presenting)
    }
}

/// One window: a handle.
#[derive(Clone)]
pub(crate) struct Messenger(Rc<Inner>);

struct Inner {
    shared: Rc<Shared>,
    window: DoubleWindow,
    form: Form,
    /// What stands above it in a demonstration.
    bar: OnceCell<Bar>,
    /// The page of the present discussion, or of the last.
    chat: RefCell<Option<Chat>>,
    discussion: RefCell<Option<Discussion>>,
    /// What the user is being asked, and what to do should nothing be left to ask.
    question: RefCell<Option<(Question, OnceDelivered)>>,
    /// Something is to get the focus when the window is in front again.
    focus_due: Cell<bool>,
    /// No window of the program is in front.
    away: Cell<bool>,
    /// How many messages arrived while this one was not, if anything has happened that calls for a look.
    unseen: Cell<Option<usize>>,
}

/// Something that the user wants done.
type Act = fn(&Messenger);

/// What becomes of a question once every message is delivered.
#[derive(Clone, Copy, Debug)]
enum OnceDelivered {
    /// It is about something else.
    Stay,
    /// It is closed.
    Close,
    /// It is closed, and this is done.
    CloseAnd(Act),
}

/// A discussion, from the attempt to connect on.
struct Discussion {
    link: Link,
    /// What is kept, if anything is.
    archive: Option<Archive>,
    batches: Receiver<Batch>,
    own: Pseudo,
    /// The last who was there.
    peer: Option<Pseudo>,
    peer_was_lost: bool,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The first connection is being made.
    Joining,
    Talking,
    /// The user has left; the link has not closed yet.
    Leaving,
    Over,
}

impl Messenger {
    /// A window with the form in it.
    pub(crate) fn new(shared: &Rc<Shared>) -> Self {
        let mut window = shared.stage.window();
        window.set_xclass("messagerie");
        window.set_color(BACKGROUND);
        let form = Form::new(window.w(), window.h());
        window.end();
        window.make_resizable(true);
        window.set_icon(icon());
        let settings = shared.settings.borrow();
        form.fill(&settings.host, &settings.port, &settings.pseudo);
        form.set_keep(shared.keep.unwrap_or(settings.keep));
        if let Some(hosting) = &*shared.hosting.borrow() {
            form.fix_server(hosting.own_endpoint());
        } else if shared.remember {
            // In a demonstration there is a server.
            form.offer_hosting();
        }
        let messenger = Messenger(Rc::new(Inner {
            shared: Rc::clone(shared),
            window: window.clone(),
            form: form.clone(),
            bar: OnceCell::new(),
            chat: RefCell::default(),
            discussion: RefCell::default(),
            question: RefCell::default(),
            focus_due: Cell::new(false),
            away: Cell::new(false),
            unseen: Cell::new(None),
        }));
        window.set_callback({
            let messenger = messenger.clone();
            // Escape comes here too; it does not close.
            move |_| {
                if app::event() == Event::Close {
                    messenger.close();
                }
            }
        });
        window.resize_callback({
            let messenger = messenger.clone();
            move |_, _, _, _, _| messenger.lay_out()
        });
        window.handle({
            let messenger = messenger.clone();
            move |_, event| messenger.handle(event)
        });
        form.on_action({
            let messenger = messenger.clone();
            move |action| match action {
                login::Action::Join(server, pseudo) => messenger.join(&server, pseudo),
                login::Action::Host(port, pseudo) => messenger.host(port, pseudo),
                login::Action::Return => messenger.return_to_discussion(),
                login::Action::Cancel => messenger.give_up_joining(),
                login::Action::SwitchTheme => messenger.switch_theme(),
            }
        });
        messenger.retitle();
        messenger
    }

    /// Makes it one of the windows of a demonstration.
    pub(crate) fn take_part_in(&self, demo: &Demo, seat: Seat) {
        self.0.window.begin();
        let messenger = self.clone();
        let bar = Bar::new(demo, seat, move || messenger.take_focus());
        self.0.window.end();
        // It is the first and only time.
        let _ = self.0.bar.set(bar);
    }

    /// Puts the window on the screen. Only then the fonts are loaded, which takes as long as the rest: meanwhile the
    /// window manager makes room for the window.
    pub(crate) fn show(&self) {
        self.0.window.clone().show();
        // Now, not when the fonts are there.
        app::flush();
        self.lay_out();
        self.0.form.lay_out();
        self.take_focus_now();
    }

    /// Fills in the form what is known already.
    pub(crate) fn fill(&self, server: Option<&Endpoint>, pseudo: Option<&Pseudo>) {
        let settings = self.0.shared.settings.borrow();
        let (host, port) = match server {
            Some(server) => (server.host.clone(), server.port.to_string()),
            None => (settings.host.clone(), settings.port.clone()),
        };
        self.0.form.fill(&host, &port, pseudo.map_or(&settings.pseudo, Pseudo::as_str));
    }

    /// Joins a discussion without showing the form first: FLTK has not drawn it yet.
    pub(crate) fn join_at_once(&self, server: &Endpoint, pseudo: Pseudo) {
        self.join(server, pseudo);
        if let Some(chat) = self.chat() {
            self.show_page(&chat.page());
            chat.take_focus();
        }
    }

    /// Its number in the X server, while it is on the screen.
    #[cfg(all(unix, not(target_os = "macos")))]
    pub(crate) fn x_window(&self) -> u32 {
        self.0.window.raw_handle() as u32
    }

    /// Whether the window has not been closed.
    pub(crate) fn is_open(&self) -> bool {
        self.0.window.shown()
    }

    /// Whether a discussion is being joined, held or left.
    pub(crate) fn has_discussion(&self) -> bool {
        let discussion = self.0.discussion.borrow();
        discussion.as_ref().is_some_and(|discussion| discussion.phase != Phase::Over)
    }

    fn chat(&self) -> Option<Chat> {
        self.0.chat.borrow().clone()
    }

    fn phase(&self) -> Option<Phase> {
        self.0.discussion.borrow().as_ref().map(|discussion| discussion.phase)
    }

    fn link(&self) -> Option<Link> {
        self.0.discussion.borrow().as_ref().map(|discussion| discussion.link.clone())
    }

    fn set_phase(&self, phase: Phase) {
        if let Some(discussion) = self.0.discussion.borrow_mut().as_mut() {
            discussion.phase = phase;
        }
    }

    /// The form, and the discussion's page if there is one.
    fn pages(&self) -> impl Iterator<Item = Group> {
        let chat = self.chat().map(|chat| chat.page());
        [Some(self.0.form.page()), chat].into_iter().flatten()
    }

    /// Gives the pages the room that a question, and the bar of a demonstration, leave.
    fn lay_out(&self) {
        let (w, h) = (self.0.window.w(), self.0.window.h());
        let question = self.0.question.borrow().as_ref().map(|(question, _)| question.clone());
        let asked = question.as_ref().map_or(0, |question| question.height(w));
        let top = self.0.bar.get().map_or(0, |bar| bar.place(w));
        self.pages().for_each(|mut page| page.resize(0, top, w, h - top - asked));
        if let Some(question) = question {
            question.place(Area { x: 0, y: h - asked, w, h: asked });
        }
        self.0.window.clone().redraw();
    }

    fn show_page(&self, page: &Group) {
        for mut other in self.pages() {
            if other.is_same(page) {
                other.show();
            } else {
                other.hide();
            }
        }
        self.0.window.clone().redraw();
    }

    /// What nothing in the window had a use for.
    fn handle(&self, event: Event) -> bool {
        let shared = &self.0.shared;
        if let Some(zoom) = Zoom::asked_for(event) {
            shared.zoom(zoom);
            return true;
        }
        match app::event_key() {
            Key::Tab if event == Event::KeyDown => self.tab_around(),
            Key::F11 if event == Event::KeyDown => {
                shared.switch_presentation();
                true
            }
            _ => false,
        }
    }

    /// Tab leads from the last widget of a page to the first, and back: FLTK stops there.
    fn tab_around(&self) -> bool {
        self.pages().filter(|page| page.visible()).any(|mut page| page.take_focus().is_ok())
    }

    fn show_form(&self) {
        self.show_page(&self.0.form.page());
        self.take_focus();
    }

    /// Gives the focus to what is most likely needed next; later, if the window is not in front: FLTK would bring it
    /// there, or open it again.
    fn take_focus(&self) {
        self.0.focus_due.set(!self.is_in_front());
        if self.is_in_front() {
            self.take_focus_now();
        }
    }

    fn take_focus_now(&self) {
        match (&*self.0.question.borrow(), self.chat()) {
            (Some((question, _)), _) => question.take_focus(),
            (None, Some(chat)) if chat.page().visible() => chat.take_focus(),
            (None, _) => self.0.form.take_focus(),
        }
    }

    // ---- from the form to the discussion ----

    fn join(&self, server: &Endpoint, pseudo: Pseudo) {
        let inner = &self.0;
        let keep = inner.form.keep();
        inner.shared.change_settings(|settings| {
            // What the command line says is for this run.
            if inner.shared.keep != Some(keep) {
                settings.keep = keep;
            }
            if inner.shared.hosting.borrow().is_none() {
                settings.host.clone_from(&server.host);
                settings.port = server.port.to_string();
            }
        });
        let (front, batches) = bridge();
        let (kept, sentences) = if keep { history::take_up(&pseudo) } else { (None, Vec::new()) };
        let (history, kept) = kept.unzip();
        let archive = history.map(Archive::new);
        let shown = kept.as_ref().map_or(0, |(_, remembered)| remembered.shown);
        let link = match Link::open(server.clone(), &pseudo, kept, None, front) {
            // The link says by an event how it ended; nobody has to wait for its thread.
            Ok((link, _)) => link,
            Err(failure) => return inner.form.show_fault(&Fault::new(&failure)),
        };
        let chat = self.open_chat();
        chat.set_status(&Status::Connecting(server.clone()));
        inner.form.trying(server);
        self.take_focus();
        let unseen = archive.as_ref().and_then(|archive| archive.unseen(shown));
        *inner.discussion.borrow_mut() = Some(Discussion {
            link,
            archive,
            batches,
            own: pseudo,
            peer: None,
            peer_was_lost: false,
            phase: Phase::Joining,
        });
        if let Some(with) = unseen {
            self.show_past(&chat, &with, &mut Vec::new());
        }
        let notice = |text| Entry::Notice { date: clock::now(), text };
        chat.display().push(sentences.into_iter().map(notice));
        self.set_unseen(None);
    }

    /// This program is the server, too, from now on.
    fn host(&self, port: u16, pseudo: Pseudo) {
        let form = &self.0.form;
        if self.phase() == Some(Phase::Joining) {
            self.give_up_joining();
        }
        match Hosting::start(&Endpoint::everywhere(port), Some(discovery::port())) {
            Ok(hosting) => {
                let server = hosting.own_endpoint();
                form.fix_server(server.clone());
                self.0.shared.hosting.replace(Some(hosting));
                self.join(&server, pseudo);
            }
            Err(error) => {
                let sentence = capitalised(&error.to_string());
                form.show_fault(&Fault { field: Field::Form, sentence });
            }
        }
    }

    /// A fresh page for a discussion, in the place of the last one's.
    fn open_chat(&self) -> Chat {
        let window = &self.0.window;
        if let Some(last) = self.0.chat.borrow_mut().take() {
            last.delete();
        }
        window.begin();
        let chat = Chat::new(window.w(), window.h());
        window.end();
        chat.page().hide();
        chat.on_action({
            let messenger = self.clone();
            move |action| match action {
                chat::Action::Send => messenger.send(),
                chat::Action::Write => messenger.drop_question(),
                chat::Action::Quit => messenger.quit(),
                chat::Action::StartAgain => messenger.start_again(),
                chat::Action::SwitchTheme => messenger.switch_theme(),
                chat::Action::Dropped => messenger.take_dropped(),
                chat::Action::ChooseFiles => messenger.choose_files(),
                chat::Action::Menu(button) => messenger.show_menu(button),
                chat::Action::Find(action) => messenger.find(action),
                chat::Action::SwitchWire => messenger.switch_wire(),
            }
        });
        chat.display().on_start({
            let messenger = self.clone();
            move || messenger.show_page_before()
        });
        chat.display().on_link({
            let messenger = self.clone();
            move |link| messenger.ask_before_opening(&link)
        });
        chat.display().on_file({
            let messenger = self.clone();
            move |(file, action)| messenger.act_on_file(&file, action)
        });
        chat.display().set_away(self.0.away.get());
        *self.0.chat.borrow_mut() = Some(chat.clone());
        self.lay_out();
        chat
    }

    /// The user gives up the attempt to connect.
    fn give_up_joining(&self) {
        let Some(link) = self.link() else { return };
        let lost = self.lost_by_cutting();
        link.cut_short();
        self.back_to_form(None, &lost);
    }

    /// What is lost if the program ends now: what waits to be delivered, unless that is kept.
    fn lost_by_cutting(&self) -> Vec<Undelivered> {
        self.link().filter(|link| !link.is_kept()).map(|link| link.undelivered()).unwrap_or_default()
    }

    /// Back to the form: the attempt to connect has ended, for the reason `why`. What was written meanwhile and is lost
    /// by that is named there.
    fn back_to_form(&self, why: Option<Fault>, lost: &[Undelivered]) {
        self.0.discussion.take();
        let lost = undelivered::describe(lost);
        self.0.form.ready();
        let fault = match why {
            Some(fault) if lost.is_empty() => Some(fault),
            Some(Fault { field, sentence }) => {
                Some(Fault { field, sentence: format!("{sentence}.\n{lost}") })
            }
            None => (!lost.is_empty()).then_some(Fault { field: Field::Form, sentence: lost }),
        };
        if let Some(fault) = fault {
            self.0.form.show_fault(&fault);
        }
        self.retitle();
        self.show_form();
    }

    /// Back to the form after a discussion, which stays behind it.
    fn start_again(&self) {
        self.0.form.ready();
        self.0.form.offer_return();
        self.show_form();
        self.retitle();
    }

    /// From the form back to the discussion that is over.
    fn return_to_discussion(&self) {
        if let Some(chat) = self.chat() {
            self.show_page(&chat.page());
            self.take_focus();
            self.retitle();
        }
    }

    // ---- the discussion ----

    /// Sends what is in the entry field.
    fn send(&self) {
        let (Some(chat), Some(link)) = (self.chat(), self.link()) else { return };
        let text = chat.entry().text();
        let text = text.trim_end_matches('\n');
        if text.trim() == QUIT_WORD {
            chat.entry().clear();
            self.quit();
        } else if !text.trim().is_empty() {
            match link.send(text) {
                Ok(sent) => {
                    if let Some(bar) = self.0.bar.get() {
                        bar.wrote(sent.id);
                    }
                    chat.entry().clear();
                    let own = Entry::Own { id: sent.id, date: sent.date, text: text.to_owned() };
                    chat.display().push([own]);
                    chat.display().scroll_to_end();
                }
                Err(error) => chat.remark(&format!("{error}.")),
            }
        }
    }

    /// Shows what passes on the wire, or not any more.
    fn switch_wire(&self) {
        if let (Some(chat), Some(link)) = (self.chat(), self.link()) {
            chat.switch_wire(&link);
        }
    }

    /// Leaves the discussion, once the user has said so if something would be lost by it: what he is writing, or what
    /// the other, who is not there, would never get. With nothing to lose it is left at once, as the button says: a
    /// question that always comes is answered without being read.
    fn quit(&self) {
        let Some(link) = self.link() else { return };
        let waits = self.phase() == Some(Phase::Talking) && !link.has_peer();
        let undelivered = if waits { link.undelivered() } else { Vec::new() };
        self.ask_before_losing(
            &undelivered,
            "Si vous quittez maintenant",
            ("Quitter quand même", 'q'),
            Messenger::leave,
        );
    }

    /// Leaves the discussion; the window stays.
    fn leave(&self) {
        if let (Some(chat), Some(link), Some(Phase::Joining | Phase::Talking)) =
            (self.chat(), self.link(), self.phase())
        {
            self.set_phase(Phase::Leaving);
            chat.close();
            chat.set_status(&Status::Leaving);
            link.leave();
        }
    }

    /// Shows what the link's thread has handed over. The batches returned are on the screen once FLTK has drawn.
    pub(crate) fn show_what_arrived(&self) -> Vec<Batch> {
        self.come_to_front();
        let batches: Vec<Batch> = match &*self.0.discussion.borrow() {
            Some(discussion) => discussion.batches.try_iter().collect(),
            None => Vec::new(),
        };
        let show = |mut batch: Batch| {
            self.show_all(std::mem::take(&mut batch.events));
            batch
        };
        let batches = batches.into_iter().map(show).collect();
        if self.0.bar.get().is_some_and(|bar| bar.refresh(self.link().as_ref())) {
            self.lay_out();
        }
        batches
    }

    fn show_all(&self, events: Vec<Happened>) {
        let Some(chat) = self.chat() else { return };
        // The display is told once, of everything.
        let mut entries = Vec::new();
        for event in events {
            self.show_one(&chat, event, &mut entries);
        }
        let messages = entries.iter().filter(|entry| entry.is_other()).count();
        if !entries.is_empty() {
            chat.display().push(entries);
        }
        if messages > 0 {
            self.call_for_a_look(messages);
        }
        self.retitle();
    }

    fn show_one(&self, chat: &Chat, event: Happened, entries: &mut Vec<Entry>) {
        if let Some(bar) = self.0.bar.get() {
            bar.show(&event);
        }
        match event {
            Happened::Message(Message { from, date, text }) => {
                entries.push(Entry::Other { name: from.to_string(), date, text });
            }
            Happened::Delivered(ids) => {
                chat.display().mark_delivered(&ids);
                self.settle_question();
            }
            Happened::File(file) => self.show_file(chat, file, entries),
            Happened::Over(ending) => self.end(chat, &ending, entries),
            Happened::Retrying(failure) if self.phase() == Some(Phase::Joining) => {
                self.0.form.show_fault(&Fault::new(&failure));
                self.show_form();
            }
            event => {
                if self.is_to_be_told(chat, &event, entries) {
                    entries.push(Entry::Notice { date: clock::now(), text: event.to_string() });
                }
            }
        }
    }

    /// Does what follows from something that happened to the connection; whether it is told, too.
    fn is_to_be_told(&self, chat: &Chat, event: &Happened, entries: &mut Vec<Entry>) -> bool {
        match event {
            Happened::Connected { again, .. } => {
                if self.phase() == Some(Phase::Joining) {
                    self.enter(chat);
                }
                self.set_status(chat, &Status::Waiting);
                *again
            }
            Happened::ConnectionLost => {
                self.set_status(chat, &Status::Retrying);
                true
            }
            Happened::Joined { who, renewed } => {
                let is_news = self.is_news(who, *renewed);
                if is_news {
                    self.call_for_a_look(0);
                }
                chat.invite(&[]);
                self.show_past(chat, who, entries);
                self.set_status(chat, &Status::Talking(who.clone()));
                is_news
            }
            Happened::Lost(who) => {
                if let Some(discussion) = self.0.discussion.borrow_mut().as_mut() {
                    discussion.peer_was_lost = true;
                }
                self.set_status(chat, &Status::PeerLost(who.clone()));
                true
            }
            // The bar says why.
            Happened::Retrying(_) => self.0.bar.get().is_none(),
            _ => true,
        }
    }

    /// While the user is leaving, nothing else about the connection matters.
    fn set_status(&self, chat: &Chat, status: &Status) {
        if self.phase() != Some(Phase::Leaving) {
            chat.set_status(status);
        }
    }

    /// The first connection is made: the discussion's page.
    fn enter(&self, chat: &Chat) {
        self.set_phase(Phase::Talking);
        // Not before: a pseudo that was refused is not worth remembering.
        if let Some(discussion) = &*self.0.discussion.borrow() {
            let own = &discussion.own;
            self.0.shared.change_settings(|settings| own.as_str().clone_into(&mut settings.pseudo));
        }
        self.0.form.clear_faults();
        self.0.form.ready();
        if let Some(hosting) = &*self.0.shared.hosting.borrow() {
            chat.invite(&hosting.addresses());
        }
        self.show_page(&chat.page());
        self.take_focus();
    }

    /// Whether there is anything to say of someone who is there now: not if only our own connection was lost in between.
    fn is_news(&self, who: &Pseudo, renewed: bool) -> bool {
        let mut discussion = self.0.discussion.borrow_mut();
        let Some(discussion) = discussion.as_mut() else { return false };
        let was_lost = std::mem::take(&mut discussion.peer_was_lost);
        let known = discussion.peer.replace(who.clone()).is_some_and(|last| last == *who);
        renewed || was_lost || !known
    }

    fn end(&self, chat: &Chat, ending: &Ending, entries: &mut Vec<Entry>) {
        self.drop_question();
        if self.phase() == Some(Phase::Joining) {
            let why = match &ending.how {
                End::Failed(failure) => Some(Fault::new(failure)),
                End::Left { .. } | End::LeftByPeer(_) | End::Cut(_) => None,
            };
            self.back_to_form(why, &ending.lost);
            return;
        }
        self.set_phase(Phase::Over);
        let mut notice = |text: String| entries.push(Entry::Notice { date: clock::now(), text });
        notice(ending.how.to_string());
        if !ending.lost.is_empty() {
            notice(undelivered::describe(&ending.lost));
            chat.display().mark_lost();
        }
        chat.set_status(&Status::Over);
        chat.end();
        self.take_focus();
        self.call_for_a_look(0);
    }

    // ---- leaving and closing ----

    fn close(&self) {
        let Some(link) = self.link().filter(|_| self.has_discussion()) else {
            self.0.window.clone().hide();
            return;
        };
        if self.phase() == Some(Phase::Leaving) {
            self.leave_and_hide();
            return;
        }
        // Before the first connection nobody is left: it is only cut.
        let undelivered = match self.phase() {
            Some(Phase::Joining) => self.lost_by_cutting(),
            _ => link.undelivered(),
        };
        self.ask_before_losing(
            &undelivered,
            "Si vous fermez la fenêtre maintenant",
            ("Fermer quand même", 'f'),
            Messenger::leave_and_hide,
        );
    }

    /// Does `act`, by which what the user is writing and messages that are not delivered will be lost; if there are
    /// any, only once the user has said so.
    fn ask_before_losing(&self, undelivered: &[Undelivered], when: &str, all_the_same: Answer, act: Act) {
        let draft = self.chat().is_some_and(|chat| chat.has_draft());
        let file = self.chat().is_some_and(|chat| chat.display().has_file_under_way());
        let mut losses = match (undelivered.len(), draft) {
            (0, false) if !file => return act(self),
            (0, false) => String::new(),
            (0, true) => format!("Ce que vous écrivez n'est pas parti. {when}, cela ne partira plus."),
            (1, false) => format!("{}\n{when}, il sera perdu.", undelivered::describe(undelivered)),
            (_, false) => format!("{}\n{when}, ils seront perdus.", undelivered::describe(undelivered)),
            (_, true) => format!(
                "{}\nCe que vous écrivez n'est pas parti non plus. {when}, tout cela sera perdu.",
                undelivered::describe(undelivered)
            ),
        };
        if file {
            let between = if losses.is_empty() { "" } else { "\n" };
            losses += &format!("{between}Un fichier est en route. {when}, il n'arrivera pas en entier.");
        }
        let once_delivered = match self.link() {
            _ if draft || file => OnceDelivered::Stay,
            // Who is there may be about to acknowledge it all; with someone who comes back the user may want to talk.
            Some(link) if link.has_peer() => OnceDelivered::CloseAnd(act),
            _ => OnceDelivered::Close,
        };
        self.ask(&losses, ("Rester", 'r'), all_the_same, once_delivered, act);
    }

    /// Asks something in this window. A question that is there already stays: asking it twice is no answer.
    fn ask(
        &self,
        text: &str,
        harmless: Answer,
        second: Answer,
        once_delivered: OnceDelivered,
        act: impl Fn(&Messenger) + 'static,
    ) {
        if self.0.question.borrow().is_none() {
            let messenger = self.clone();
            self.0.window.begin();
            let question = Question::ask(text, harmless, second, move |said_so| {
                messenger.0.question.take();
                messenger.lay_out();
                messenger.take_focus();
                if said_so {
                    act(&messenger);
                }
            });
            self.0.window.end();
            *self.0.question.borrow_mut() = Some((question, once_delivered));
            self.lay_out();
        }
        // A minimized window that is closed from the taskbar has to show what it asks.
        self.0.window.clone().show();
        self.take_focus();
    }

    /// Takes the question away without an answer.
    fn drop_question(&self) {
        if let Some((question, _)) = self.0.question.take() {
            question.close();
            self.lay_out();
            self.take_focus();
        }
    }

    fn leave_and_hide(&self) {
        match (self.phase(), self.link()) {
            (Some(Phase::Joining), Some(link)) => link.cut_short(),
            _ => self.leave(),
        }
        self.0.window.clone().hide();
    }

    /// The last message has arrived while the user was being asked whether to lose it.
    fn settle_question(&self) {
        let then = self.0.question.borrow().as_ref().map_or(OnceDelivered::Stay, |(_, then)| *then);
        if matches!(then, OnceDelivered::Stay)
            || self.link().is_none_or(|link| !link.undelivered().is_empty())
        {
            return;
        }
        self.drop_question();
        if let OnceDelivered::CloseAnd(act) = then {
            act(self);
        }
    }

    // ---- links ----

    /// Shows where a link leads before it is opened.
    fn ask_before_opening(&self, link: &str) {
        let uri = text::uri(link);
        let what = if uri.starts_with("mailto:") {
            "Écrire à cette adresse ?".to_owned()
        } else {
            format!("Ouvrir cette page de « {} » dans le navigateur ?", text::owner(link))
        };
        let text = format!("{what}\n{}", shortened(link, SHOWN_OF_LINK));
        self.ask(&text, ("Annuler", 'a'), ("Ouvrir", 'o'), OnceDelivered::Stay, move |messenger| {
            messenger.open(&uri);
        });
    }

    fn open(&self, uri: &str) {
        if let Err(error) = fltk::utils::open_uri(uri) {
            log::info!("{uri} : {error}");
            app::copy(uri);
            if let Some(chat) = self.chat() {
                chat.remark(
                    "Aucun programme ne s'offre à l'ouvrir. Son adresse est copiée : collez-la où vous voulez l'ouvrir.",
                );
            }
        }
    }

    // ---- the window itself ----

    fn switch_theme(&self) {
        let shared = &self.0.shared;
        let theme = shared.theme.get().other();
        shared.theme.set(theme);
        theme.apply(shared.stage.is_presenting());
        shared.change_settings(|settings| settings.theme = theme);
    }

    fn is_in_front(&self) -> bool {
        app::focus().is_some_and(|widget| widget.inside(&self.0.window))
    }

    /// Does what waits for the window to be in front, or for none to be there any more.
    fn come_to_front(&self) {
        // In the demonstration both windows are looked at.
        let away = app::focus().is_none();
        if self.0.away.replace(away) != away
            && let Some(chat) = self.chat()
        {
            chat.display().set_away(away);
        }
        if self.0.focus_due.get() && self.is_in_front() {
            self.take_focus();
        }
        if self.0.unseen.get().is_some() && self.is_in_front() {
            self.set_unseen(None);
        }
    }

    /// Something has happened, so many messages among it, that whoever looks elsewhere wants to know.
    fn call_for_a_look(&self, messages: usize) {
        if !self.is_in_front() {
            self.set_unseen(Some(self.0.unseen.get().unwrap_or(0) + messages));
        }
    }

    fn set_unseen(&self, unseen: Option<usize>) {
        let before = self.0.unseen.replace(unseen);
        if before.is_none() != unseen.is_none() {
            urgency::set(&self.0.window, unseen.is_some());
        }
        self.retitle();
    }

    fn retitle(&self) {
        let discussion = self.0.discussion.borrow();
        // The form is about another one.
        let left = self.phase() == Some(Phase::Over) && self.0.form.page().visible();
        let discussion = discussion.as_ref().filter(|_| !left);
        let own = discussion.as_ref().map(|discussion| &discussion.own);
        let peer = discussion.as_ref().and_then(|discussion| discussion.peer.as_ref());
        let over = discussion.as_ref().is_some_and(|discussion| discussion.phase == Phase::Over);
        let title = chat::title(own, peer, self.0.unseen.get(), over);
        let mut window = self.0.window.clone();
        if window.label() != title {
            window.set_label(&title);
        }
    }
}

/// `client/images/icone.svg` as 64 × 64 pixels of red, green, blue and opacity.
fn icon() -> Option<RgbImage> {
    // A window without an icon is still a window.
    RgbImage::new(include_bytes!("icon.rgba"), 64, 64, ColorDepth::Rgba8).ok()
}
