//! The world of one schedule: clients and relay, joined by streams of bytes that can be late, cut or silent.

use common::address::Address;
use common::delivery::{Delivery, Event};
use common::frame::{Frame, Refusal};
use common::lines::LineBuffer;
use common::text::Text;

use crate::counts::{Counts, Fact};
use crate::ledger::{Ledger, Person, RunId};
use crate::relay::{Output, Relay};

pub(crate) const NAMES: [&str; 3] = ["alice", "bob", "carol"];

const DATE: &str = "2026-11-20T14:03:07.123+01:00";

/// One step of a schedule. One that makes no sense where it comes changes nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Write(Person),
    /// The client sends so many frames.
    Send(Person, usize),
    Connect(Person),
    /// The client reads so many lines.
    Read(Person, usize),
    Show(Person),
    Acknowledge(Person),
    /// The client notices that its connection is gone.
    ClientNotices(Person),
    /// Neither sends nor reads nor connects for so many steps.
    Silence(Person, u32),
    /// Ends, whatever it was doing, and starts as a new run.
    RestartClient(Person, usize),
    /// So many bytes of a connection reach the relay.
    ArriveUp(usize, usize),
    /// So many bytes of a connection reach the client.
    ArriveDown(usize, usize),
    /// The relay handles so many lines of a connection.
    RelayReads(usize, usize),
    /// A connection is cut; so many bytes of those on their way still arrive, up and down.
    Cut(usize, usize, usize),
    RelayNotices(usize),
    RestartRelay(usize),
}

/// One direction of a connection.
struct Pipe {
    in_flight: Vec<u8>,
    arrived: LineBuffer,
    /// What is put in from now on goes nowhere.
    cut: bool,
}

impl Pipe {
    fn new() -> Self {
        Pipe { in_flight: Vec::new(), arrived: LineBuffer::new(), cut: false }
    }

    fn put(&mut self, bytes: &[u8]) {
        if !self.cut {
            self.in_flight.extend_from_slice(bytes);
        }
    }

    fn arrive(&mut self, count: usize) {
        let count = count.min(self.in_flight.len());
        let mut arriving = &self.in_flight[..count];
        while !arriving.is_empty() {
            assert_ne!(self.arrived.read_from(&mut arriving).unwrap(), 0);
        }
        self.in_flight.drain(..count);
    }

    /// Cuts it; of the bytes on their way, the first `keep` still arrive.
    fn cut(&mut self, keep: usize) {
        self.cut = true;
        self.in_flight.truncate(keep);
    }

    fn next_line(&mut self) -> Option<String> {
        let line = self.arrived.next_line()?.expect("no line is too long");
        Some(std::str::from_utf8(line).expect("frames are text").to_owned())
    }
}

/// A connection, seen from both ends: each gives its own up at its own time.
struct Connection {
    owner: Person,
    up: Pipe,
    down: Pipe,
    held_by_client: bool,
    held_by_relay: bool,
}

impl Connection {
    fn new(owner: Person) -> Self {
        Connection { owner, up: Pipe::new(), down: Pipe::new(), held_by_client: true, held_by_relay: true }
    }

    fn is_held(&self) -> bool {
        self.held_by_client || self.held_by_relay
    }

    /// The client closes its end: it reads nothing more.
    fn release_by_client(&mut self, keep: usize) {
        self.held_by_client = false;
        self.up.cut(keep);
        self.down.cut(0);
    }

    /// The relay closes its end.
    fn release_by_relay(&mut self, keep: usize) {
        self.held_by_relay = false;
        self.up.cut(0);
        self.down.cut(keep);
    }
}

/// How many numbers of an address were handed out, as [`Delivery`] must count them.
struct Received {
    address: Address<'static>,
    count: u64,
}

/// A person's client, as it runs now.
struct Client {
    run: RunId,
    delivery: Delivery,
    connection: Option<usize>,
    received: Vec<Received>,
    /// Handed out by the delivery rules and not yet on the screen.
    to_show: Vec<(RunId, u64)>,
    silent: u32,
}

pub(crate) struct World {
    clients: Vec<Client>,
    connections: Vec<Connection>,
    relay: Relay<usize>,
    pub(crate) ledger: Ledger,
    pub(crate) counts: Counts,
}

impl World {
    pub(crate) fn new(people: usize) -> Self {
        let mut ledger = Ledger::default();
        let clients = (0..people).map(|person| start(&mut ledger, person)).collect();
        World { clients, connections: Vec::new(), relay: Relay::new(), ledger, counts: Counts::default() }
    }

    pub(crate) fn people(&self) -> usize {
        self.clients.len()
    }

    /// The connections of that person that one of the two ends still holds.
    pub(crate) fn connections_of(&self, person: Person) -> impl Iterator<Item = usize> {
        let all = self.connections.iter().enumerate();
        all.filter(move |(_, held)| held.owner == person && held.is_held()).map(|(id, _)| id)
    }

    pub(crate) fn apply(&mut self, step: Step) {
        match step {
            Step::Write(person) => self.write(person),
            Step::Send(person, count) => self.send(person, count),
            Step::Connect(person) => self.connect(person),
            Step::Read(person, count) => self.read(person, count),
            Step::Show(person) => self.show(person),
            Step::Acknowledge(person) => self.acknowledge(person),
            Step::ClientNotices(person) => self.client_notices(person),
            Step::Silence(person, steps) => self.clients[person].silent = steps,
            Step::RestartClient(person, keep) => self.restart_client(person, keep),
            Step::ArriveUp(id, count) => self.connections[id].up.arrive(count),
            Step::ArriveDown(id, count) => self.connections[id].down.arrive(count),
            Step::RelayReads(id, count) => self.relay_reads(id, count),
            Step::Cut(id, up, down) => self.cut(id, up, down),
            Step::RelayNotices(id) => self.relay_notices(id),
            Step::RestartRelay(keep) => self.restart_relay(keep),
        }
    }

    /// One step's worth of time passes.
    pub(crate) fn tick(&mut self) {
        for client in &mut self.clients {
            client.silent = client.silent.saturating_sub(1);
        }
    }

    /// Somebody leaves for good, without a word.
    pub(crate) fn leave(&mut self, person: Person) {
        self.drop_connection(person, 0);
        self.clients[person].silent = u32::MAX;
    }

    /// Lets everything arrive and everybody do what is left to do, without further faults, until nothing
    /// changes any more.
    pub(crate) fn settle(&mut self) {
        for client in &mut self.clients {
            if client.silent != u32::MAX {
                client.silent = 0;
            }
        }
        for _ in 0..100 {
            self.one_round();
            if self.is_quiet() {
                return;
            }
        }
        panic!("it never becomes quiet");
    }

    fn is_quiet(&self) -> bool {
        let idle = |connection: &Connection| {
            connection.up.in_flight.is_empty()
                && connection.down.in_flight.is_empty()
                && !(connection.up.cut && connection.held_by_relay)
        };
        let settled = |client: &Client| client.connection.is_some() || client.silent > 0;
        self.connections.iter().all(idle) && self.clients.iter().all(settled)
    }

    /// All is quiet: `a` and `b`, who are there, have each other's messages, and nothing too much is kept.
    pub(crate) fn check_quiet(&self, a: Person, b: Person) {
        for (from, to) in [(a, b), (b, a)] {
            let (source, reader) = (&self.clients[from], &self.clients[to]);
            self.ledger.check_complete(source.run, reader.run);
            assert_eq!(source.delivery.peer(), Some(reader.delivery.own()));
            assert!(
                source.delivery.peer_has_everything(),
                "{} keeps something for {}",
                NAMES[from],
                NAMES[to]
            );
        }
        for client in &self.clients {
            self.check_outbox(client);
        }
    }

    /// The outbox holds what was not acknowledged, for whom it was written, and nothing else.
    fn check_outbox(&self, client: &Client) {
        let person = |name: &str| NAMES.iter().position(|known| *known == name);
        let mut kept: Vec<_> = client
            .delivery
            .undelivered()
            .map(|(recipient, text)| (message(&text.plain()).1, recipient.and_then(|p| person(p.as_str()))))
            .collect();
        kept.sort_unstable();
        assert_eq!(kept, self.ledger.undelivered(client.run), "outbox of run {}", client.run);
        assert_eq!(client.delivery.all_delivered(), kept.is_empty());
    }

    /// Everything on its way arrives, and everybody does all there is to do.
    fn one_round(&mut self) {
        for id in 0..self.connections.len() {
            self.connections[id].up.arrive(usize::MAX);
            self.connections[id].down.arrive(usize::MAX);
            self.relay_reads(id, usize::MAX);
            self.relay_notices(id);
        }
        for person in 0..self.clients.len() {
            self.read(person, usize::MAX);
            self.show(person);
            self.acknowledge(person);
            self.client_notices(person);
            self.connect(person);
            self.send(person, usize::MAX);
        }
    }

    fn write(&mut self, person: Person) {
        let client = &mut self.clients[person];
        // A line feed, for the two forms of a text; the length varies, for the places where a cut can fall.
        let id = self.ledger.next_id(client.run);
        let text = format!("{} {id}\n{}", client.run, "x".repeat(id as usize % 5));
        assert_eq!(client.delivery.write(DATE, &Text::from_plain(&text).unwrap()), Ok(id));
        self.ledger.wrote(client.run);
        self.counts.saw(Fact::Written);
    }

    fn send(&mut self, person: Person, count: usize) {
        let client = &mut self.clients[person];
        let Some(id) = client.connection.filter(|_| client.silent == 0) else { return };
        let mut wire = Vec::new();
        for _ in 0..count {
            let Some(frame) = client.delivery.next_frame() else { break };
            frame.write(&mut wire);
        }
        self.connections[id].up.put(&wire);
    }

    fn connect(&mut self, person: Person) {
        let client = &mut self.clients[person];
        if client.connection.is_some() || client.silent > 0 {
            return;
        }
        let mut connection = Connection::new(person);
        let mut wire = Vec::new();
        Frame::Login(client.delivery.own().borrowed()).write(&mut wire);
        connection.up.put(&wire);
        client.connection = Some(self.connections.len());
        self.connections.push(connection);
    }

    fn read(&mut self, person: Person, count: usize) {
        if self.clients[person].silent == 0 {
            self.read_arrived(person, count);
        }
    }

    fn read_arrived(&mut self, person: Person, count: usize) {
        for _ in 0..count {
            let Some(id) = self.clients[person].connection else { return };
            let Some(line) = self.connections[id].down.next_line() else { return };
            self.handle(person, &line);
        }
    }

    fn handle(&mut self, person: Person, line: &str) {
        let client = &mut self.clients[person];
        let frame = Frame::parse(line).expect("the relay sends valid frames");
        match client.delivery.handle(&frame) {
            Some(Event::Joined(address)) => {
                let other = NAMES.iter().position(|name| *name == address.pseudo_str()).expect("known");
                self.ledger.joined(client.run, other);
                if other == 2 {
                    self.counts.saw(Fact::ThirdPersonJoined);
                }
            }
            Some(Event::Message(msg)) => {
                count_received(&mut client.received, &msg.source, msg.number);
                client.to_show.push(message(&msg.text.plain()));
            }
            Some(Event::Delivered(ids)) => {
                for id in ids {
                    self.ledger.delivered(client.run, id);
                }
            }
            Some(Event::Lost(_)) => {}
            Some(Event::Ended(_)) => panic!("nobody ends the discussion"),
            None => {
                if let Frame::Msg(msg) = &frame {
                    let known = client.received.iter().find(|received| received.address == msg.source);
                    let count = known.map_or(0, |received| received.count);
                    if msg.number <= count {
                        self.counts.saw(Fact::Repetition);
                    } else if msg.number > count + 1 {
                        self.counts.saw(Fact::Gap);
                    }
                }
            }
        }
    }

    fn show(&mut self, person: Person) {
        let client = &mut self.clients[person];
        for (source, id) in client.to_show.drain(..) {
            self.ledger.show(client.run, source, id);
            self.counts.saw(Fact::Shown);
        }
    }

    /// Acknowledges what was shown; what was handed out since keeps it waiting.
    fn acknowledge(&mut self, person: Person) {
        let client = &mut self.clients[person];
        if client.to_show.is_empty() {
            client.delivery.acknowledge();
            self.ledger.acknowledge(client.run);
        }
    }

    fn client_notices(&mut self, person: Person) {
        let client = &self.clients[person];
        if client.connection.is_some_and(|id| self.connections[id].down.cut) {
            self.drop_connection(person, usize::MAX);
        }
    }

    /// What has arrived is read, shown and acknowledged before the connection counts as lost.
    fn drop_connection(&mut self, person: Person, keep: usize) {
        self.read_arrived(person, usize::MAX);
        self.show(person);
        self.acknowledge(person);
        let client = &mut self.clients[person];
        if let Some(id) = client.connection.take() {
            client.delivery.connection_lost();
            self.connections[id].release_by_client(keep);
        }
    }

    /// The old run loses what it had not shown, and its outbox.
    fn restart_client(&mut self, person: Person, keep: usize) {
        if let Some(id) = self.clients[person].connection {
            self.connections[id].release_by_client(keep);
        }
        self.clients[person] = start(&mut self.ledger, person);
        self.counts.saw(Fact::ClientRestart);
    }

    fn cut(&mut self, id: usize, keep_up: usize, keep_down: usize) {
        let connection = &mut self.connections[id];
        if !connection.up.cut {
            self.counts.saw(Fact::Cut);
        }
        connection.up.cut(keep_up);
        connection.down.cut(keep_down);
    }

    fn relay_reads(&mut self, id: usize, count: usize) {
        for _ in 0..count {
            let connection = &mut self.connections[id];
            if !connection.held_by_relay {
                return;
            }
            let Some(line) = connection.up.next_line() else { return };
            let outputs = self.relay.handle(id, &line);
            self.carry_out(outputs);
        }
    }

    fn relay_notices(&mut self, id: usize) {
        if !self.connections[id].up.cut || !self.connections[id].held_by_relay {
            return;
        }
        self.relay_reads(id, usize::MAX);
        self.connections[id].release_by_relay(usize::MAX);
        let outputs = self.relay.lost(id);
        self.carry_out(outputs);
    }

    fn restart_relay(&mut self, keep: usize) {
        for connection in self.connections.iter_mut().filter(|connection| connection.held_by_relay) {
            connection.release_by_relay(keep);
        }
        self.relay = Relay::new();
        self.counts.saw(Fact::RelayRestart);
    }

    fn carry_out(&mut self, outputs: Vec<Output<usize>>) {
        for output in outputs {
            match output {
                Output::Line(to, line) => self.connections[to].down.put(line.as_bytes()),
                Output::Refused(whom, code) => {
                    self.connections[whom].release_by_relay(usize::MAX);
                    self.counts.saw(if code == Refusal::PseudoPris {
                        Fact::PseudoPris
                    } else {
                        Fact::Complet
                    });
                }
                Output::Dropped => self.counts.saw(Fact::DroppedByRelay),
            }
        }
    }
}

fn start(ledger: &mut Ledger, person: Person) -> Client {
    let run = ledger.start_run(person);
    let own = format!("{}/s{run}", NAMES[person]);
    Client {
        run,
        delivery: Delivery::new(Address::parse(&own).expect("a valid address").into_owned()),
        connection: None,
        received: Vec::new(),
        to_show: Vec::new(),
        silent: 0,
    }
}

fn count_received(received: &mut Vec<Received>, address: &Address<'_>, count: u64) {
    match received.iter_mut().find(|received| received.address == *address) {
        Some(received) => received.count = count,
        None => received.push(Received { address: address.clone().into_owned(), count }),
    }
}

/// Which message this text is: the run that wrote it, and its number there.
fn message(text: &str) -> (RunId, u64) {
    let (run, rest) = text.split_once(' ').expect("a text of this simulation");
    let (id, _) = rest.split_once('\n').expect("with a line feed");
    (run.parse().expect("a run"), id.parse().expect("a number"))
}
