//! The world of one schedule: clients, relay and disks, joined by connections, in virtual time.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use client::event::{End, Event, Failure};
use client::session::{Identity, Session, Wants};
use common::address::Pseudo;
use common::frame::{Content, Refusal};
use common::lines::LineBuffer;
use common::text::Text;

use crate::disk::Disk;
use crate::ledger::{Ledger, Life, Message, Person};
use crate::network::{Connection, LinkSpeed, Pipe};
use crate::relay::{LOGIN_LIMIT, Output, Relay};

pub(crate) const NAMES: [&str; 3] = ["alice", "bob", "carol"];

const DATE: &str = "2026-11-20T14:03:07.123+01:00";
/// While bytes are moving, time passes in such steps.
const TICK: Duration = Duration::from_millis(50);
/// Time never passes in longer steps: somebody else may do something.
const LONGEST_STEP: Duration = Duration::from_secs(1);
/// How much of a connection the relay reads at once.
const RELAY_READS: usize = 8192;

/// Something worth having happened in some schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fact {
    Shown,
    DroppedByRelay,
    RefusedPseudoPris,
    RefusedComplet,
    RefusedOccupe,
    Replaced,
    Outdated,
    Renewed,
    LostToSilence,
    Left,
    LeftUntold,
    LeftByPeer,
    Failed,
    GivenUp,
}

impl Fact {
    pub(crate) const ALL: [Fact; 14] = [
        Fact::Shown,
        Fact::DroppedByRelay,
        Fact::RefusedPseudoPris,
        Fact::RefusedComplet,
        Fact::RefusedOccupe,
        Fact::Replaced,
        Fact::Outdated,
        Fact::Renewed,
        Fact::LostToSilence,
        Fact::Left,
        Fact::LeftUntold,
        Fact::LeftByPeer,
        Fact::Failed,
        Fact::GivenUp,
    ];
}

/// At which point of its work a client is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    Received,
    Kept,
    Shown,
    Acknowledged,
}

/// Somebody's client, running or not.
pub(crate) struct Client {
    pub(crate) person: Person,
    pub(crate) life: Life,
    /// What it remembers; `None` for one that forgets.
    disk: Option<Disk>,
    backup: Option<Disk>,
    pub(crate) session: Option<Session>,
    connection: Option<usize>,
    /// Written, and waiting for room on the wire.
    out: Vec<u8>,
    /// Until then nothing can be shown.
    pub(crate) stuck_until: Instant,
    /// Until then no relay is reached from here.
    pub(crate) unreachable_until: Instant,
    pub(crate) link: LinkSpeed,
    pub(crate) kill_at: Option<Point>,
    /// Its user has left, and when.
    pub(crate) leaving_since: Option<Instant>,
    /// Who was opposite then.
    left: Option<Person>,
    /// How its last run ended.
    pub(crate) ended: Option<Outcome>,
    /// When its connection moved last, as far as it can tell.
    last_byte: Instant,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Left { told: bool },
    LeftByPeer,
    Failed,
}

pub(crate) struct World {
    pub(crate) now: Instant,
    start: Instant,
    pub(crate) clients: Vec<Client>,
    pub(crate) connections: Vec<Connection>,
    /// What the relay has read and not handled, for each connection.
    lines: Vec<LineBuffer>,
    pub(crate) relay: Relay,
    pub(crate) relay_is_up: bool,
    pub(crate) ledger: Ledger,
    pub(crate) facts: BTreeSet<Fact>,
    pub(crate) trace: bool,
}

impl World {
    pub(crate) fn new(trace: bool) -> Self {
        let now = Instant::now();
        World {
            now,
            start: now,
            clients: Vec::new(),
            connections: Vec::new(),
            lines: Vec::new(),
            relay: Relay::default(),
            relay_is_up: true,
            ledger: Ledger::default(),
            facts: BTreeSet::new(),
            trace,
        }
    }

    pub(crate) fn tell(&self, what: impl FnOnce() -> String) {
        if self.trace {
            eprintln!("{:9.2} s  {}", (self.now - self.start).as_secs_f64(), what());
        }
    }

    fn saw(&mut self, fact: Fact) {
        self.facts.insert(fact);
    }

    // ---- clients ----

    /// A client that is not running yet.
    pub(crate) fn add_client(&mut self, person: Person, keeps: bool, link: LinkSpeed) {
        let life = self.ledger.begin_life(person);
        let disk = keeps.then(|| Disk::new(identity(person)));
        self.clients.push(Client {
            person,
            life,
            disk,
            backup: None,
            session: None,
            connection: None,
            out: Vec::new(),
            stuck_until: self.now,
            unreachable_until: self.now,
            link,
            kill_at: None,
            leaving_since: None,
            left: None,
            ended: None,
            last_byte: self.now,
        });
    }

    pub(crate) fn start_client(&mut self, at: usize) {
        if self.clients[at].session.is_some() {
            return;
        }
        let client = &mut self.clients[at];
        let server = "salle-12".parse().expect("an endpoint");
        let (identity, memory) = match &mut client.disk {
            Some(disk) => (disk.identity.clone(), disk.memory()),
            None => (identity(client.person), Default::default()),
        };
        if client.disk.is_none() && client.ended.is_some() {
            self.ledger.end_life(client.life);
            client.life = self.ledger.begin_life(client.person);
        }
        let client = &mut self.clients[at];
        let mut session = Session::new(server, identity, memory, None, self.now);
        if client.disk.is_none() {
            session.forget_changes();
        }
        client.session = Some(session);
        client.leaving_since = None;
        client.ended = None;
        client.out.clear();
        self.ledger.begin_run(client.life);
        self.tell(|| format!("client {at} ({}) starts", NAMES[self.clients[at].person]));
    }

    /// Its process is gone, whatever it was doing.
    pub(crate) fn kill_client(&mut self, at: usize) {
        if self.clients[at].session.take().is_none() {
            return;
        }
        self.tell(|| format!("client {at} is killed"));
        let client = &mut self.clients[at];
        client.ended = Some(Outcome::Failed);
        client.kill_at = None;
        client.out.clear();
        if let Some(connection) = client.connection.take() {
            self.connections[connection].close_by_client();
        }
    }

    pub(crate) fn save_backup(&mut self, at: usize) {
        let client = &mut self.clients[at];
        client.backup.clone_from(&client.disk);
    }

    /// The client is killed, and an old copy put in the place of what it remembers.
    pub(crate) fn restore_backup(&mut self, at: usize) {
        let Some(backup) = self.clients[at].backup.take() else { return };
        self.kill_client(at);
        self.tell(|| format!("client {at} gets its backup back"));
        self.clients[at].disk = Some(backup);
        self.clients[at].life = self.ledger.copy_life(self.clients[at].life);
    }

    pub(crate) fn write(&mut self, at: usize) {
        let client = &mut self.clients[at];
        let Some(session) = &mut client.session else { return };
        let message = self.ledger.next_message(client.life);
        let text = message.text();
        let content = Content::Msg { date: DATE, text: Text::from_plain(&text).expect("short enough") };
        if let Ok(id) = session.write(&content) {
            self.ledger.wrote(client.life, id);
            // On disk before anything can follow from it.
            keep(session, &mut client.disk);
            self.tell(|| format!("client {at} writes {message:?}"));
        }
    }

    pub(crate) fn leave(&mut self, at: usize) {
        let client = &mut self.clients[at];
        if let Some(session) = &mut client.session
            && client.leaving_since.is_none()
        {
            session.leave(self.now);
            client.leaving_since = Some(self.now);
            client.left = self.ledger.correspondent(client.life);
            self.tell(|| format!("client {at} leaves"));
        }
    }

    // ---- time ----

    pub(crate) fn run_for(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            let step = self.next_step().min(until - self.now);
            self.now += step;
            self.move_bytes(step);
            for at in 0..self.clients.len() {
                self.run_client(at);
            }
            self.run_relay();
        }
    }

    /// How long until something happens.
    fn next_step(&self) -> Duration {
        if self.connections.iter().any(Connection::is_moving) {
            return TICK;
        }
        let sessions = self.clients.iter().filter_map(|client| client.session.as_ref());
        let timeouts = sessions.flat_map(|session| [session.next_timeout(self.now), session.next_ping()]);
        let next = timeouts.flatten().chain(self.relay.next_timeout()).min();
        let wait = next.map_or(LONGEST_STEP, |next| next.saturating_duration_since(self.now));
        wait.clamp(Duration::from_millis(1), LONGEST_STEP)
    }

    fn move_bytes(&mut self, time: Duration) {
        for id in 0..self.connections.len() {
            let held_up = self.is_held_up(id);
            let connection = &mut self.connections[id];
            if connection.up.stalled {
                connection.stood_still = self.now;
            }
            if !connection.held_by_relay {
                continue;
            }
            if held_up {
                self.relay.heard(id, self.now);
                continue;
            }
            let arrived = connection.up.arrive(time);
            if !arrived.is_empty() {
                self.relay.heard(id, self.now);
                let mut bytes = &arrived[..];
                while !bytes.is_empty() && self.connections[id].held_by_relay {
                    let mut piece = &bytes[..bytes.len().min(RELAY_READS)];
                    let count = self.lines[id].read_from(&mut piece).expect("there is room");
                    bytes = &bytes[count..];
                    self.relay_handles(id);
                }
            }
        }
        for at in 0..self.clients.len() {
            let Some(id) = self.clients[at].connection else { continue };
            if self.clients[at].stuck_until > self.now {
                continue;
            }
            let arrived = self.connections[id].down.arrive(time);
            if !arrived.is_empty() {
                self.clients[at].last_byte = self.now;
                self.receive(at, &arrived);
            }
        }
    }

    /// Whether the relay is not reading from that connection because the other one is slow.
    fn is_held_up(&self, id: usize) -> bool {
        self.relay.opposite(id).is_some_and(|other| self.connections[other].down.room() == 0)
    }

    fn relay_handles(&mut self, id: usize) {
        while let Some(line) = self.lines[id].next_line() {
            let line =
                std::str::from_utf8(line.expect("no line is too long")).expect("frames are text").to_owned();
            if line.starts_with("login ") && self.now >= self.connections[id].made + LOGIN_LIMIT {
                self.connections[id].close_by_relay();
                return;
            }
            let outputs = self.relay.handle(id, &line, self.now);
            self.carry_out(outputs);
            if !self.connections[id].held_by_relay {
                return;
            }
        }
    }

    fn carry_out(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Line(to, line) => {
                    self.tell(|| format!("  relay to {to}: {}", shortened(&line)));
                    self.connections[to].down.write_all(line.as_bytes());
                    self.relay.told(to, self.now);
                }
                Output::Close(id) => self.connections[id].close_by_relay(),
                Output::Lost(id) => {
                    let connection = &mut self.connections[id];
                    let is_alive = self.clients[connection.owner].connection == Some(id);
                    let moved = self.now - connection.stood_still >= Duration::from_secs(15);
                    assert!(
                        !is_alive || !moved,
                        "the relay hears nothing of connection {id}, which is alive"
                    );
                    connection.close_by_relay();
                }
                Output::Dropped => self.saw(Fact::DroppedByRelay),
                Output::Refused(Refusal::PseudoPris) => self.saw(Fact::RefusedPseudoPris),
                Output::Refused(Refusal::Complet) => self.saw(Fact::RefusedComplet),
                Output::Refused(Refusal::Remplace) => self.saw(Fact::Replaced),
                Output::Refused(_) => self.saw(Fact::RefusedOccupe),
            }
        }
    }

    fn run_relay(&mut self) {
        for id in 0..self.connections.len() {
            let connection = &mut self.connections[id];
            if connection.held_by_relay && connection.up.has_ended() {
                connection.close_by_relay();
                let outputs = self.relay.lost(id, self.now);
                self.carry_out(outputs);
            }
        }
        let outputs = self.relay.handle_timeout(self.now);
        self.carry_out(outputs);
    }

    pub(crate) fn stop_relay(&mut self, keep: usize) {
        self.tell(|| "the relay is killed".to_owned());
        self.relay = Relay::default();
        self.relay_is_up = false;
        for connection in self.connections.iter_mut().filter(|connection| connection.held_by_relay) {
            connection.close_by_relay();
            connection.down.cut(keep);
        }
    }

    fn run_client(&mut self, at: usize) {
        let now = self.now;
        let Some(session) = &mut self.clients[at].session else { return };
        let was_open = session.is_open();
        session.handle_timeout(now);
        if was_open && !session.is_open() && self.clients[at].ended.is_none() {
            self.check_given_up(at);
        }
        self.show(at);
        self.connect_or_close(at);
        self.transmit(at);
    }

    /// A session gave its connection up by itself: it must have been silent, or the session at its end.
    fn check_given_up(&mut self, at: usize) {
        let client = &self.clients[at];
        let is_over = client.session.as_ref().is_some_and(|session| session.ending().is_some());
        let silence = self.now - client.last_byte;
        assert!(
            is_over || silence >= Duration::from_secs(10),
            "client {at} gave a live link up after {silence:?}"
        );
        self.saw(Fact::LostToSilence);
    }

    fn connect_or_close(&mut self, at: usize) {
        let now = self.now;
        let client = &mut self.clients[at];
        let Some(session) = &mut client.session else { return };
        if let Some(id) = client.connection {
            let has_ended = self.connections[id].down.has_ended() && client.stuck_until <= now;
            if session.is_open() && has_ended {
                session.disconnected(unreachable(), now);
            }
            if !session.is_open() {
                client.connection = None;
                client.out.clear();
                self.connections[id].close_by_client();
            }
        } else if session.ending().is_none() && session.wants() == Wants::Connection {
            if self.relay_is_up && client.unreachable_until <= now {
                let id = self.connections.len();
                let link = client.link;
                let pipe = || Pipe::new(link);
                session.connected(now);
                client.connection = Some(id);
                client.last_byte = now;
                let (up, down) = (pipe(), pipe());
                let (held_by_client, held_by_relay) = (true, true);
                let stood_still = now;
                self.connections.push(Connection {
                    made: self.now,
                    owner: at,
                    up,
                    down,
                    held_by_client,
                    held_by_relay,
                    stood_still,
                });
                self.lines.push(LineBuffer::new());
                self.tell(|| format!("client {at} connects, as {id}"));
            } else {
                session.disconnected(unreachable(), now);
            }
        }
        self.show(at);
        self.bury(at);
    }

    /// Its program ends.
    fn bury(&mut self, at: usize) {
        let client = &mut self.clients[at];
        if let Some(session) = &client.session
            && let Some(ending) = session.ending()
        {
            client.ended = Some(match &ending.how {
                End::Left { told } => Outcome::Left { told: *told },
                End::LeftByPeer(_) => Outcome::LeftByPeer,
                End::Cut(_) | End::Failed(_) => Outcome::Failed,
            });
            if session.has_heard_fin() {
                self.relay.heard_end(session.address());
            }
            client.session = None;
            if let Some(id) = client.connection.take() {
                self.connections[id].close_by_client();
            }
        }
    }

    fn receive(&mut self, at: usize, bytes: &[u8]) {
        if let Some(session) = &mut self.clients[at].session {
            session.received(bytes, self.now);
        }
        if self.dies_at(at, Point::Received) {
            return;
        }
        self.show(at);
    }

    fn dies_at(&mut self, at: usize, point: Point) -> bool {
        let dies = self.clients[at].kill_at == Some(point);
        if dies {
            self.kill_client(at);
        }
        dies
    }

    /// What has happened is kept, then shown, then acknowledged.
    fn show(&mut self, at: usize) {
        let Client { session: Some(session), disk, .. } = &mut self.clients[at] else { return };
        keep(session, disk);
        let events = session.take_events();
        let life = self.clients[at].life;
        let keeps = self.clients[at].disk.is_some();
        let dies = self.clients[at].kill_at == Some(Point::Kept) && !events.is_empty();
        for event in events {
            // After a crash in between, the next run shows what was kept.
            if !dies || keeps {
                self.show_event(at, life, event);
            }
        }
        if self.dies_at(at, Point::Kept) || self.dies_at(at, Point::Shown) {
            return;
        }
        if let Some(session) = &mut self.clients[at].session {
            session.shown(self.now);
        }
        self.dies_at(at, Point::Acknowledged);
    }

    fn show_event(&mut self, at: usize, life: Life, event: Event) {
        self.tell(|| format!("client {at} reads: {}", shortened(&format!("{event:?}"))));
        match event {
            Event::Message(message) => {
                self.ledger.show(life, Message::read(&message.text));
                self.saw(Fact::Shown);
            }
            Event::Delivered(ids) => ids.into_iter().for_each(|id| self.ledger.delivered(life, id)),
            Event::Joined { who, renewed } => {
                let person = NAMES.iter().position(|name| *name == who.as_str()).expect("known");
                self.ledger.joined(life, person);
                if renewed {
                    self.saw(Fact::Renewed);
                }
            }
            Event::Outdated(_) => self.saw(Fact::Outdated),
            Event::Over(ending) => {
                if !ending.lost.is_empty() {
                    self.saw(Fact::GivenUp);
                }
                self.ledger.gave_up(life, ending.lost.iter().map(|lost| lost.id));
                self.saw(match &ending.how {
                    End::Left { told: true } => Fact::Left,
                    End::Left { told: false } => Fact::LeftUntold,
                    End::LeftByPeer(_) => Fact::LeftByPeer,
                    End::Cut(_) | End::Failed(_) => Fact::Failed,
                });
            }
            _ => {}
        }
    }

    fn transmit(&mut self, at: usize) {
        let now = self.now;
        let Client { session: Some(session), connection: Some(id), out, disk, left, life, .. } =
            &mut self.clients[at]
        else {
            return;
        };
        let up = &mut self.connections[*id].up;
        loop {
            if out.is_empty() {
                keep(session, disk);
                session.transmit(out, now);
                // The discussion of somebody else is not this one's to end.
                let quits = out.ends_with(b"quitter\n");
                assert!(!quits || left.is_none() || *left == self.ledger.correspondent(*life));
            }
            let count = up.write(out);
            out.drain(..count);
            if count == 0 {
                return;
            }
        }
    }
}

fn keep(session: &mut Session, disk: &mut Option<Disk>) {
    let changes = session.take_changes();
    if let Some(disk) = disk {
        disk.commit(changes);
    }
}

fn identity(person: Person) -> Identity {
    let pseudo: Pseudo = NAMES[person].parse().expect("a pseudo");
    Identity::new(&pseudo)
}

fn unreachable() -> Failure {
    Failure::Unreachable(
        "salle-12".parse().expect("an endpoint"),
        std::io::ErrorKind::ConnectionRefused.into(),
    )
}

fn shortened(line: &str) -> &str {
    line.get(..120).unwrap_or(line).trim_end()
}
