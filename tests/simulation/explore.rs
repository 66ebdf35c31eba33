//! Every order in which a short discussion between two clients can go, faults included.
//!
//! Here whole frames travel, not bytes, and a cut loses all that is on its way: that a part still arrives is the
//! same as the cut coming after that part. Three more steps are taken as one, to keep the states few: a client
//! sends all it has to send, it reads a frame, shows it and acknowledges it, and it connects again as soon as it
//! notices a lost connection. And once the last fault is over and both are seated again, only one order is
//! followed.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use common::address::Address;
use common::delivery::{Delivery, Event};
use common::frame::Frame;
use common::text::Text;

use crate::relay::{Output, Relay};

/// How much may happen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// From each to the other.
    pub(crate) messages: u64,
    pub(crate) cuts: u32,
    pub(crate) relay_restarts: u32,
}

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Explored {
    pub(crate) states: usize,
    /// States in which only a further fault could change anything.
    pub(crate) quiet: usize,
    pub(crate) steps: usize,
}

/// How the relay names a connection: by whose it is, and whether that one has left it for a newer one, which the
/// relay does not know yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Line {
    client: usize,
    abandoned: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Client {
    delivery: Delivery,
    /// Frames on their way to the relay.
    up: VecDeque<Rc<str>>,
    /// Frames on their way to the client.
    down: VecDeque<Rc<str>>,
    /// The present connection is broken, and the client has not noticed yet.
    cut: bool,
    written: u64,
    /// How many of the other's messages it has shown.
    shown: u64,
    /// How many of its own it knows to be on the other's screen.
    delivered: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    clients: [Client; 2],
    relay: Relay<Line>,
    cuts_left: u32,
    relay_restarts_left: u32,
}

/// Visits every state that can be reached, and checks each.
pub(crate) fn all(budget: &Budget) -> Explored {
    let mut explored = Explored::default();
    // 64 bits stand for a state: among ten million, two that share theirs are an accident of one in 300,000.
    let mut visited = HashSet::new();
    let mut to_visit = vec![State::new(budget)];
    visited.insert(to_visit[0].fingerprint());
    while let Some(state) = to_visit.pop() {
        explored.states += 1;
        let ordinary = state.after_ordinary_steps(budget);
        if ordinary.is_empty() {
            explored.quiet += 1;
            state.check_quiet(budget);
        }
        for next in ordinary.into_iter().chain(state.after_faults()) {
            explored.steps += 1;
            if visited.insert(next.fingerprint()) {
                to_visit.push(next);
            }
        }
    }
    explored
}

impl State {
    fn new(budget: &Budget) -> Self {
        State {
            clients: [Client::new("alice/a"), Client::new("bob/b")],
            relay: Relay::new(),
            cuts_left: budget.cuts,
            relay_restarts_left: budget.relay_restarts,
        }
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    fn after_ordinary_steps(&self, budget: &Budget) -> Vec<State> {
        let mut after = Vec::new();
        for i in 0..2 {
            let client = &self.clients[i];
            if !client.up.is_empty() {
                after.push(self.with(|state| state.relay_reads(i)));
            }
            if !client.down.is_empty() {
                after.push(self.with(|state| state.read(i)));
            }
            if client.delivery.clone().next_frame().is_some() {
                after.push(self.with(|state| state.clients[i].send()));
            }
            if client.written < budget.messages {
                after.push(self.with(|state| state.clients[i].write()));
            }
            if client.cut {
                after.push(self.with(|state| state.connect_again(i)));
            }
            for line in [Line { client: i, abandoned: false }, Line { client: i, abandoned: true }] {
                if self.relay.is_seated(line) && (client.cut || line.abandoned) {
                    after.push(self.with(|state| state.relay_notices(line)));
                }
            }
            if !after.is_empty() && self.is_calm() {
                after.truncate(1);
                break;
            }
        }
        after
    }

    /// No fault is left to come, and the last one is over: both are seated again. From here on the order matters
    /// hardly matters, since everybody's frames arrive, each in its turn, so only one is followed. (All orders of an
    /// undisturbed end are visited too: those in which the faults left do not come.)
    fn is_calm(&self) -> bool {
        let seated = |client| self.relay.is_seated(Line { client, abandoned: false });
        self.cuts_left == 0
            && self.relay_restarts_left == 0
            && (0..2).all(|i| seated(i) && !self.clients[i].cut)
    }

    fn after_faults(&self) -> Vec<State> {
        let mut after = Vec::new();
        for i in 0..2 {
            if self.cuts_left > 0 && !self.clients[i].cut {
                after.push(self.with(|state| {
                    state.cuts_left -= 1;
                    state.clients[i].cut();
                }));
            }
        }
        if self.relay_restarts_left > 0 {
            after.push(self.with(|state| {
                state.relay_restarts_left -= 1;
                state.relay = Relay::new();
                state.clients.iter_mut().for_each(Client::cut);
            }));
        }
        after
    }

    fn with(&self, change: impl FnOnce(&mut State)) -> State {
        let mut state = self.clone();
        change(&mut state);
        state
    }

    fn relay_reads(&mut self, from: usize) {
        let Some(line) = self.clients[from].up.pop_front() else { return };
        let outputs = self.relay.handle(Line { client: from, abandoned: false }, &line);
        self.carry_out(outputs);
    }

    fn relay_notices(&mut self, line: Line) {
        let outputs = self.relay.lost(line);
        self.carry_out(outputs);
    }

    fn carry_out(&mut self, outputs: Vec<Output<Line>>) {
        for output in outputs {
            match output {
                Output::Line(to, line) => {
                    let client = &mut self.clients[to.client];
                    if !client.cut && !to.abandoned {
                        client.down.push_back(line.trim_end().into());
                    }
                }
                Output::Refused(whom, _) => self.clients[whom.client].cut(),
                Output::Dropped => {}
            }
        }
    }

    fn connect_again(&mut self, i: usize) {
        let (old, abandoned) = (Line { client: i, abandoned: false }, Line { client: i, abandoned: true });
        self.relay.rename(old, abandoned);
        let client = &mut self.clients[i];
        client.delivery.connection_lost();
        client.log_in();
    }

    /// Reads a frame: a message must be the next of the other's, a delivery be true.
    fn read(&mut self, i: usize) {
        let shown_by_other = self.clients[1 - i].shown;
        let client = &mut self.clients[i];
        let Some(line) = client.down.pop_front() else { return };
        let frame = Frame::parse(&line).expect("the relay sends valid frames");
        match client.delivery.handle(&frame) {
            Some(Event::Message(msg)) => {
                assert_eq!(msg.text.plain(), (client.shown + 1).to_string(), "out of turn");
                client.shown += 1;
            }
            Some(Event::Delivered(ids)) => {
                client.delivered += ids.len() as u64;
                assert_eq!(ids.last(), Some(&client.delivered));
                assert!(client.delivered <= shown_by_other, "delivered before it was shown");
            }
            _ => {}
        }
        client.delivery.acknowledge();
    }

    fn check_quiet(&self, budget: &Budget) {
        for client in &self.clients {
            let done = client.shown == budget.messages && client.delivery.all_delivered();
            assert!(done, "all is quiet and something is missing: {self:#?}");
        }
    }
}

impl Client {
    fn new(address: &str) -> Self {
        let own = Address::parse(address).expect("a valid address").into_owned();
        let mut client = Client {
            delivery: Delivery::new(own),
            up: VecDeque::new(),
            down: VecDeque::new(),
            cut: false,
            written: 0,
            shown: 0,
            delivered: 0,
        };
        client.log_in();
        client
    }

    fn log_in(&mut self) {
        self.cut = false;
        let login = Frame::Login(self.delivery.own().borrowed());
        self.up.push_back(line(&login));
    }

    fn write(&mut self) {
        self.written += 1;
        let id = self.delivery.write("d", &Text::from_wire(&self.written.to_string()));
        assert_eq!(id, Ok(self.written));
    }

    /// Sends all there is to send; into a broken connection, for nothing.
    fn send(&mut self) {
        while let Some(frame) = self.delivery.next_frame() {
            if !self.cut {
                self.up.push_back(line(&frame));
            }
        }
    }

    fn cut(&mut self) {
        self.cut = true;
        self.up.clear();
        self.down.clear();
    }
}

fn line(frame: &Frame<'_>) -> Rc<str> {
    let mut wire = Vec::new();
    frame.write(&mut wire);
    String::from_utf8(wire).expect("frames are text").trim_end().into()
}
