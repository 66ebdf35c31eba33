//! The demonstration: two windows and a server in one program, whose cables can be pulled and which can be stopped.
//!
//! The windows' links know nothing of it: each reaches the server through a [`Cable`] of its own. Above each page
//! stands a [`Bar`] with what can be broken, what is broken, and the count of all messages.

mod bar;
mod cable;
mod tally;

use std::cell::RefCell;
use std::rc::Rc;

use common::endpoint::Endpoint;

use super::hosting::Hosting;
pub(crate) use bar::Bar;
use cable::Cable;
use tally::Tally;

/// Whose window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    Alice,
    Bob,
}

impl Seat {
    /// Both, from left to right.
    pub(crate) const BOTH: [Seat; 2] = [Seat::Alice, Seat::Bob];

    fn other(self) -> Seat {
        match self {
            Seat::Alice => Seat::Bob,
            Seat::Bob => Seat::Alice,
        }
    }

    /// The pseudo.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Seat::Alice => "alice",
            Seat::Bob => "bob",
        }
    }
}

/// The demonstration: a handle.
#[derive(Clone)]
pub(crate) struct Demo(Rc<Inner>);

struct Inner {
    cables: [Cable; 2],
    /// Where the server listens, or did.
    address: Endpoint,
    server: RefCell<Option<Hosting>>,
    /// Why it could not be started again.
    failure: RefCell<Option<String>>,
    tally: RefCell<Tally>,
}

impl Demo {
    /// Starts a server for two windows.
    ///
    /// # Errors
    /// It cannot listen, or the system gives no thread.
    pub(crate) fn start() -> anyhow::Result<Demo> {
        let server = Hosting::start(&Endpoint { host: "127.0.0.1".to_owned(), port: 0 }, None)?;
        let cables = [Cable::new(server.bound())?, Cable::new(server.bound())?];
        Ok(Demo(Rc::new(Inner {
            cables,
            address: server.own_endpoint(),
            server: RefCell::new(Some(server)),
            failure: RefCell::default(),
            tally: RefCell::default(),
        })))
    }

    /// Where a window's client finds the server.
    pub(crate) fn endpoint(&self, seat: Seat) -> Endpoint {
        self.cable(seat).endpoint()
    }

    fn cable(&self, seat: Seat) -> &Cable {
        &self.0.cables[seat as usize]
    }

    fn is_pulled(&self, seat: Seat) -> bool {
        self.cable(seat).is_pulled()
    }

    fn switch_cable(&self, seat: Seat) {
        self.cable(seat).set_pulled(!self.is_pulled(seat));
    }

    fn has_server(&self) -> bool {
        self.0.server.borrow().is_some()
    }

    fn switch_server(&self) {
        let inner = &self.0;
        let running = inner.server.take();
        *inner.failure.borrow_mut() = None;
        if running.is_some() {
            return;
        }
        match Hosting::start(&inner.address, None) {
            Ok(server) => *inner.server.borrow_mut() = Some(server),
            Err(error) => *inner.failure.borrow_mut() = Some(error.to_string()),
        }
    }

    /// What is broken, and how many messages wait for it; nothing if all is well.
    fn trouble(&self) -> String {
        let mut broken = Vec::new();
        match &*self.0.failure.borrow() {
            Some(failure) => broken.push(format!("Le serveur ne redémarre pas ({failure})")),
            None if !self.has_server() => broken.push("Le serveur est arrêté".to_owned()),
            None => {}
        }
        match Seat::BOTH.map(|seat| self.is_pulled(seat)) {
            [true, true] => broken.push("Les deux câbles sont débranchés".to_owned()),
            [true, false] => broken.push("Le câble d'alice est débranché".to_owned()),
            [false, true] => broken.push("Le câble de bob est débranché".to_owned()),
            [false, false] => {}
        }
        if broken.is_empty() {
            return String::new();
        }
        let waiting = match self.0.tally.borrow().waiting() {
            0 => "aucun message n'attend".to_owned(),
            1 => "1 message attend".to_owned(),
            count => format!("{count} messages attendent"),
        };
        format!("{} : {waiting}.", broken.join(". "))
    }
}
