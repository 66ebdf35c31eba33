//! Two clients that send each other files over a link of some speed and delay that is cut now and then, while they are
//! killed and started again, in virtual time.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

use common::address::Address;
use common::delivery::Delivery;
use common::frame::{Body, FileHash, Frame, Relayed};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;

pub(super) const DATE: &str = "2026-11-20T14:03:07.123+01:00";

/// A disk in memory. It takes its time, and what is queued is lost when its client is killed.
#[derive(Default)]
pub(super) struct Disk {
    pub(super) files: BTreeMap<PathBuf, Vec<u8>>,
    pub(super) jobs: VecDeque<(Instant, Job)>,
    begun: BTreeMap<FileId, (PathBuf, Target)>,
}

pub(super) fn sha(bytes: &[u8]) -> FileHash {
    FileHash(Sha256::digest(bytes).into())
}

fn source(path: &Path, bytes: &[u8]) -> Source {
    Source { path: path.to_owned(), size: bytes.len() as u64, modified: UNIX_EPOCH }
}

impl Disk {
    pub(super) fn run(&mut self, job: Job) -> Option<Done> {
        Some(match job {
            Job::Hash(id, path) => {
                let bytes = &self.files[&path];
                Done::Hashed(id, Ok((source(&path, bytes), sha(bytes))))
            }
            Job::Read(id, source, position, length) => {
                let bytes = &self.files[&source.path][position as usize..][..length];
                Done::Read(id, position, Ok(bytes.to_vec()))
            }
            Job::Begin(id, target) => {
                let new = || target.folder.join(format!("{}.{id}.partiel", target.name));
                let path = target.partial.clone().unwrap_or_else(new);
                let length = self.files.entry(path.clone()).or_default().len() as u64;
                self.begun.insert(id, (path.clone(), target));
                Done::Begun(id, Ok((length, path)))
            }
            Job::Write(id, position, bytes) => {
                let file = self.files.get_mut(&self.begun.get(&id)?.0)?;
                if file.len() as u64 != position {
                    return None;
                }
                file.extend(&bytes);
                Done::Written(id, Ok(bytes.len()))
            }
            Job::Finish(id) => {
                let (partial, target) = self.begun.remove(&id)?;
                let bytes = self.files.remove(&partial)?;
                if sha(&bytes) != target.hash {
                    return Some(Done::Finished(id, Err(FileTrouble::Corrupt)));
                }
                let path = partial.with_file_name(&target.name);
                assert!(self.files.insert(path.clone(), bytes).is_none(), "written over {}", path.display());
                Done::Finished(id, Ok(path))
            }
            Job::Discard(id, path) => {
                if let Some(path) = self.begun.remove(&id).map(|(path, _)| path).or(path) {
                    self.files.remove(&path);
                }
                return None;
            }
        })
    }
}

/// One of the two: what it remembers is kept whenever it changes.
pub(super) struct Client {
    address: Address<'static>,
    pub(super) delivery: Delivery,
    pub(super) transfers: Transfers,
    records: BTreeMap<FileId, Record>,
    pub(super) disk: Disk,
    /// What is on its way to it: when it is there, and what.
    arriving: VecDeque<(Instant, Vec<u8>)>,
    /// The link takes its next line then.
    free: Instant,
    pub(super) events: Vec<FileEvent>,
}

impl Client {
    pub(super) fn new(address: &str, now: Instant) -> Self {
        let address = Address::parse(address).unwrap().into_owned();
        Client {
            delivery: Delivery::new(address.clone()),
            address,
            transfers: Transfers::default(),
            records: BTreeMap::new(),
            disk: Disk::default(),
            arriving: VecDeque::new(),
            free: now,
            events: Vec::new(),
        }
    }

    /// Killed, and started again with what was kept.
    pub(super) fn restart(&mut self) {
        self.delivery.connection_lost();
        self.transfers = Transfers::remembering(self.records.values().cloned().collect());
        self.disk = Disk { files: std::mem::take(&mut self.disk.files), ..Disk::default() };
    }

    pub(super) fn receive(&mut self, line: &[u8]) {
        let frame = Frame::parse(std::str::from_utf8(line).unwrap().trim_end_matches('\n')).unwrap();
        if let Some(incoming) = self.delivery.handle(&frame) {
            let peer = self.delivery.peer().cloned();
            self.transfers.handle(&incoming, peer.as_ref());
        }
        self.delivery.acknowledge();
    }

    /// Sees to what has come out: everything is accepted.
    pub(super) fn settle(&mut self, now: Instant, disk_time: Duration) {
        loop {
            let events = self.transfers.take_events();
            if events.is_empty() {
                break;
            }
            for event in events {
                if event.what == Happened::Offered && !event.is_own {
                    self.transfers.accept(event.id, PathBuf::from("/recus"));
                }
                self.events.push(event);
            }
        }
        self.transfers.write_entries(&mut self.delivery, DATE);
        for change in self.transfers.take_changes() {
            match change {
                FileChange::Kept(record) => {
                    let id = match &record {
                        Record::Sent(offer) => offer.id,
                        Record::Received(offer) => offer.id,
                    };
                    self.records.insert(id, record);
                }
                FileChange::Dropped(id) => {
                    self.records.remove(&id);
                }
            }
        }
        while let Some(job) = self.transfers.next_job() {
            self.disk.jobs.push_back((now + disk_time, job));
        }
    }

    pub(super) fn next_line(&mut self, now: Instant) -> Option<Vec<u8>> {
        if let Some(frame) = self.delivery.next_frame() {
            return Some(Frame::Relayed(frame).to_line());
        }
        let peer = self.delivery.peer()?.clone();
        let body = self.transfers.next_frame(now)?;
        let source = self.address.borrowed();
        Some(Frame::Relayed(Relayed { source, destination: peer, body }).to_line())
    }

    pub(super) fn happened(&self, what: impl Fn(&Happened) -> bool) -> usize {
        self.events.iter().filter(|event| what(&event.what)).count()
    }
}

#[derive(Clone, Copy, Debug)]
struct Link {
    delay: Duration,
    bytes_per_second: f64,
    disk_time: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Disturbance {
    Cut,
    Restart(usize),
}

struct World {
    now: Instant,
    link: Link,
    clients: [Client; 2],
    is_connected: bool,
    block_bytes: u64,
}

impl World {
    fn new(link: Link) -> Self {
        let now = Instant::now();
        let clients = [Client::new("alice/a1", now), Client::new("bob/b1", now)];
        World { now, link, clients, is_connected: false, block_bytes: 0 }
    }

    fn connect(&mut self) {
        let addresses = self.clients.each_ref().map(|client| client.address.clone());
        for (client, peer) in self.clients.iter_mut().zip(addresses.iter().rev()) {
            client.receive(&Frame::Present(peer.borrowed()).to_line());
        }
        self.is_connected = true;
    }

    fn cut(&mut self) {
        for client in &mut self.clients {
            client.arriving.clear();
            client.delivery.connection_lost();
            client.transfers.connection_lost();
            client.free = self.now;
        }
        self.is_connected = false;
    }

    /// What can be done now; then the time moves on. False when nothing is left to do.
    fn step(&mut self) -> bool {
        if !self.is_connected {
            self.connect();
        }
        let mut next: Option<Instant> = None;
        for at in 0..2 {
            let [client, other] = self.clients.get_disjoint_mut([at, 1 - at]).unwrap();
            while client.disk.jobs.front().is_some_and(|(due, _)| *due <= self.now) {
                let (_, job) = client.disk.jobs.pop_front().unwrap();
                if let Some(done) = client.disk.run(job) {
                    client.transfers.done(done, self.now);
                }
            }
            while client.arriving.front().is_some_and(|(due, _)| *due <= self.now) {
                let (_, line) = client.arriving.pop_front().unwrap();
                client.receive(&line);
            }
            client.settle(self.now, self.link.disk_time);
            if client.free <= self.now
                && let Some(line) = client.next_line(self.now)
            {
                self.block_bytes += if line.starts_with(b"bloc") { line.len() as u64 } else { 0 };
                client.free =
                    self.now + Duration::from_secs_f64(line.len() as f64 / self.link.bytes_per_second);
                other.arriving.push_back((client.free + self.link.delay, line));
            }
            let blocks = other.arriving.iter().filter(|(_, line)| line.starts_with(b"bloc"));
            let under_way: usize = blocks.map(|(_, line)| line.len()).sum();
            assert!(
                under_way < (pace::MAX_BYTES * 14 / 10) as usize,
                "{under_way} bytes of blocks under way"
            );
            let busy = (client.free > self.now).then_some(client.free);
            let due = [
                client.disk.jobs.front().map(|(due, _)| *due),
                client.arriving.front().map(|(due, _)| *due),
                busy,
            ];
            next = due.into_iter().flatten().chain(next).min();
        }
        let idle =
            self.clients.iter().all(|client| !client.delivery.has_frame() && !client.transfers.has_frame());
        match next {
            Some(next) => self.now = self.now.max(next),
            None if idle => return false,
            None => {}
        }
        true
    }

    fn offer(&mut self, at: usize, name: &str, bytes: Vec<u8>) {
        let path = Path::new("/envoyes").join(name);
        self.clients[at].disk.files.insert(path.clone(), bytes);
        let to = self.clients[at].delivery.correspondent().cloned();
        self.clients[at].transfers.offer(path, to.as_ref());
    }

    /// Everything arrives, whatever happens to it `after` so many steps each.
    fn run(&mut self, disturbances: &[(usize, Disturbance)]) {
        let mut disturbances = disturbances.iter();
        let mut next = disturbances.next();
        let mut steps = 0;
        loop {
            let goes_on = self.step();
            steps += 1;
            assert!(steps < 1_000_000, "it never ends");
            match next {
                Some((after, disturbance)) if steps >= *after => {
                    if let Disturbance::Restart(at) = disturbance {
                        self.clients[*at].restart();
                    }
                    self.cut();
                    steps = 0;
                    next = disturbances.next();
                }
                Some(_) => {}
                None if goes_on => {}
                None => return,
            }
        }
    }
}

/// Bytes that are different everywhere.
pub(super) fn bytes(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|i| (i as u8).wrapping_mul(31) ^ (i >> 8) as u8 ^ (i >> 16) as u8 ^ seed).collect()
}

fn any_link() -> impl Strategy<Value = Link> {
    (0..300u64, 5.0..9.0, 0..5u64).prop_map(|(delay, magnitude, disk_time)| Link {
        delay: Duration::from_millis(delay),
        bytes_per_second: 10f64.powf(magnitude),
        disk_time: Duration::from_millis(disk_time),
    })
}

fn any_size() -> impl Strategy<Value = usize> {
    prop_oneof![
        2 => 0..5_000usize,
        4 => 0..3_000_000usize,
        1 => prop::sample::select(vec![0, 1, 4096, 4097, 32_768, 32_769, 65_536, 1 << 20, (1 << 20) + 1]),
    ]
}

fn any_disturbance() -> impl Strategy<Value = (usize, Disturbance)> {
    let kind = prop_oneof![
        2 => Just(Disturbance::Cut),
        1 => (0..2usize).prop_map(Disturbance::Restart),
    ];
    (1..200usize, kind)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_file_arrives_whole_whatever_happens_to_the_link_and_the_clients(
        link in any_link(),
        mut files in prop::collection::vec((0..2usize, any_size()), 1..6),
        disturbances in prop::collection::vec(any_disturbance(), 0..12),
    ) {
        let mut world = World::new(link);
        world.connect();
        // The same content is not offered twice, and all that is empty is the same.
        files.iter_mut().skip(1).for_each(|(_, size)| *size = (*size).max(1));
        let total: usize = files.iter().map(|(_, size)| size).sum();
        for (i, (at, size)) in files.iter().enumerate() {
            world.offer(*at, &format!("{i}.bin"), bytes(*size, i as u8));
        }
        // Offers that the disk has not looked at are not kept.
        let offered = |client: &Client| {
            client.events.iter().filter(|event| event.is_own && event.what == Happened::Offered).count()
        };
        while world.clients.iter().map(offered).sum::<usize>() < files.len() {
            world.step();
        }
        world.run(&disturbances);
        for (i, (at, size)) in files.iter().enumerate() {
            let received = &world.clients[1 - at].disk.files;
            prop_assert_eq!(received.get(&PathBuf::from(format!("/recus/{i}.bin"))), Some(&bytes(*size, i as u8)));
        }
        for client in &world.clients {
            let partial = |path: &&PathBuf| path.to_string_lossy().ends_with("partiel");
            prop_assert_eq!(client.disk.files.keys().find(partial), None);
            prop_assert!(client.records.is_empty(), "kept for ever: {:?}", client.records);
        }
        // What was asked for and not there when it broke, in both directions, is asked for again; what was written is not.
        let again = 2 * disturbances.len() as u64 * pace::MAX_BYTES;
        let lines = 200 * (total as u64 / 4096 + 2 * files.len() as u64);
        prop_assert!(world.block_bytes < (total as u64 + again) * 4 / 3 + lines, "{}", world.block_bytes);
    }
}

fn fast() -> Link {
    Link { delay: Duration::from_micros(100), bytes_per_second: 1e9, disk_time: Duration::from_micros(50) }
}

#[test]
fn it_goes_on_from_where_it_was() {
    let mut world = World::new(fast());
    world.connect();
    world.offer(0, "a.bin", bytes(5_000_000, 1));
    let cut = (60, Disturbance::Cut);
    world.run(&[cut, (60, Disturbance::Restart(0)), (60, Disturbance::Restart(1))]);
    assert_eq!(world.clients[1].disk.files[Path::new("/recus/a.bin")], bytes(5_000_000, 1));
    assert!(
        world.clients[1].happened(|what| matches!(what, Happened::Accepted(1..))) >= 1,
        "it was begun again"
    );
    assert_eq!(world.clients[1].happened(|what| matches!(what, Happened::Received(_))), 1);
    assert_eq!(world.clients[0].happened(|what| *what == Happened::Delivered), 1);
}

#[test]
fn a_quick_link_is_never_idle_for_long() {
    let mut world = World::new(fast());
    world.connect();
    let start = world.now;
    world.offer(0, "a.bin", bytes(50_000_000, 1));
    world.run(&[]);
    let took = world.now.duration_since(start).as_secs_f64();
    let ideal = world.block_bytes as f64 / 1e9;
    assert!(took < 1.1 * ideal, "{took} s instead of {ideal}");
}

#[test]
fn on_a_slow_link_a_message_waits_for_a_moment_only() {
    let link = Link { bytes_per_second: 1e6, delay: Duration::from_millis(1), ..fast() };
    let mut world = World::new(link);
    world.connect();
    world.offer(0, "a.bin", bytes(3_000_000, 1));
    let mut longest = Duration::ZERO;
    let arriving = |world: &World| world.clients[1].arriving.back().map(|(due, _)| *due);
    while world.step() {
        // A message written now would be behind all this.
        longest = longest.max(arriving(&world).map_or(Duration::ZERO, |due| due - world.now));
    }
    assert!(longest < Duration::from_millis(300), "{longest:?}");
}

#[test]
fn one_who_takes_each_request_for_the_last_is_understood() {
    // The answer ends in the middle, and the next request is answered instead.
    let mut bob = Client::new("bob/b1", Instant::now());
    let content = bytes(200_000, 3);
    let now = Instant::now();
    bob.receive(b"present alice/a1\n");
    bob.receive(format!("fichier alice/a1 bob/b1 1 {DATE} 200000 {} a.bin\n", sha(&content)).as_bytes());
    let mut last = None;
    let mut requests = 0;
    for _ in 0..10_000 {
        bob.settle(now, Duration::ZERO);
        while let Some((_, job)) = bob.disk.jobs.pop_front() {
            let Some(done) = bob.disk.run(job) else { continue };
            bob.transfers.done(done, now);
        }
        while let Some(Body::Demande { position, length, .. }) = bob.transfers.next_frame(now) {
            last = Some((position as usize, (position + length) as usize));
            requests += 1;
        }
        let Some((start, end)) = &mut last else { continue };
        let block = &content[*start..(*start + 5000).min(*end)];
        let base64 = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, block);
        bob.receive(format!("bloc alice/a1 bob/b1 {} {start} {base64}\n", sha(&content)).as_bytes());
        *start += block.len();
        if start == end {
            last = None;
        }
    }
    assert_eq!(bob.disk.files.get(Path::new("/recus/a.bin")), Some(&content));
    assert!(requests < 12, "asked {requests} times");
}
