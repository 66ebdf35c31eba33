//! Random schedules: a seed decides every step.

use std::collections::BTreeSet;
use std::time::Duration;

use client::session::Session;

use crate::network::{Connection, LinkSpeed};
use crate::world::{Client, Fact, Outcome, Point, World};

const ALICE: usize = 0;
const BOB: usize = 1;
/// Another client under bob's name.
const OTHER_BOB: usize = 2;
const CAROL: usize = 3;

const SLOWEST_AT_THE_END: u64 = 10_000;

/// splitmix64: small, and good enough to draw steps.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// How much of what is on its way survives a cut: often nothing or everything.
    fn kept(&mut self) -> usize {
        match self.below(3) {
            0 => 0,
            1 => usize::MAX,
            _ => self.below(400),
        }
    }

    fn link(&mut self) -> LinkSpeed {
        let bytes_per_second = self.pick(&[500, 1_000, 10_000, 1_000_000, 1_000_000_000]);
        LinkSpeed { bytes_per_second, buffer: self.pick(&[4096, 65_536, 1_000_000]) }
    }
}

/// What kind of weather a schedule has.
struct Weather {
    /// One step in so many is a fault.
    calm: usize,
    clients_restart: bool,
    relay_restarts: bool,
    backups: bool,
    somebody_leaves: bool,
    with_other_bob: bool,
    with_carol: bool,
}

impl Weather {
    /// How many seconds something may stand still. That an old copy was put back is known from an answer that comes within
    /// 5 s: whoever has not answered by then, as a person typing by hand, is sent what was written since.
    fn holdups(&self) -> &'static [u64] {
        if self.backups { &[1, 2] } else { &[1, 8, 40] }
    }
}

/// Runs one schedule and checks it; panics if a promise was broken.
pub(crate) fn run(seed: u64, trace: bool) -> BTreeSet<Fact> {
    let mut random = Random(seed);
    let mut world = World::new(trace);
    let weather = Weather {
        calm: random.pick(&[4, 8, 16]),
        clients_restart: random.one_in(2),
        relay_restarts: random.one_in(2),
        backups: random.one_in(4),
        somebody_leaves: random.one_in(2),
        with_other_bob: random.one_in(4),
        with_carol: random.one_in(3),
    };
    for person in [0, 1, 1, 2] {
        let keeps = weather.backups || random.one_in(2);
        let mut link = random.link();
        if weather.backups {
            // See `Weather::holdups`.
            link.bytes_per_second = 1_000_000;
        }
        world.add_client(person, keeps, link);
    }
    world.start_client(ALICE);
    world.start_client(BOB);
    for _ in 0..40 + random.below(60) {
        step(&mut random, &mut world, &weather);
        let pause = random.pick(&[0, 1, 20, 200, 2_000, 7_000]);
        world.run_for(Duration::from_millis(pause));
    }
    clear_up(&mut world);
    if weather.somebody_leaves {
        end_by_leaving(&mut random, &mut world, &weather);
    } else {
        end_by_talking(&mut random, &mut world);
    }
    world.facts
}

fn step(random: &mut Random, world: &mut World, weather: &Weather) {
    let clients = [ALICE, BOB, OTHER_BOB, CAROL];
    if random.one_in(weather.calm) {
        return fault(random, world, weather);
    }
    let at = random.pick(&clients[..2]);
    match random.below(12) {
        0 if weather.with_carol => world.start_client(CAROL),
        1 if weather.with_other_bob => world.start_client(OTHER_BOB),
        2 => world.write(random.pick(&clients)),
        3 => (0..random.below(60)).for_each(|_| world.write(at)),
        _ => world.write(at),
    }
}

fn fault(random: &mut Random, world: &mut World, weather: &Weather) {
    let at = random.below(world.clients.len());
    match random.below(14) {
        0 if weather.relay_restarts => {
            world.stop_relay(random.kept());
            let down = Duration::from_millis(random.pick(&[0, 100, 3_000, 15_000]));
            world.run_for(down);
            world.relay_is_up = true;
        }
        1 if weather.clients_restart => {
            let points = [Point::Received, Point::Kept, Point::Shown, Point::Acknowledged];
            world.clients[at].kill_at = Some(random.pick(&points));
        }
        2 if weather.clients_restart => world.kill_client(at),
        3 | 4 => world.start_client(at),
        5 if weather.backups => world.save_backup(at),
        6 if weather.backups => world.restore_backup(at),
        7 => {
            let stuck = Duration::from_secs(random.pick(weather.holdups()));
            world.clients[at].stuck_until = world.now + stuck;
        }
        8 => world.clients[at].unreachable_until = world.now + Duration::from_secs(random.pick(&[1, 6, 40])),
        9 | 10 => {
            let (up, down, healed) = (random.one_in(2), random.one_in(2), random.one_in(2));
            let connections = world.connections.iter_mut();
            for connection in connections.filter(|it| it.owner == at && it.held_by_client) {
                connection.up.stalled = up;
                connection.down.stalled = down;
            }
            world.run_for(Duration::from_secs(random.pick(weather.holdups())));
            if healed || weather.backups {
                heal(world);
            }
        }
        _ => {
            let (up, down) = (random.kept(), random.kept());
            let connections = world.connections.iter_mut();
            for connection in connections.filter(|it| it.owner == at && it.held_by_client) {
                connection.up.cut(up);
                connection.down.cut(down);
            }
        }
    }
}

fn heal(world: &mut World) {
    for connection in &mut world.connections {
        connection.up.stalled = false;
        connection.down.stalled = false;
    }
}

/// The faults stop: alice and bob are left.
fn clear_up(world: &mut World) {
    heal(world);
    world.kill_client(OTHER_BOB);
    world.kill_client(CAROL);
    for client in &mut world.clients {
        client.stuck_until = world.now;
        client.unreachable_until = world.now;
        client.kill_at = None;
        // The schedule has an end.
        client.link.bytes_per_second = client.link.bytes_per_second.max(SLOWEST_AT_THE_END);
    }
    for connection in &mut world.connections {
        connection.speed_up(SLOWEST_AT_THE_END);
    }
    // Whoever has ended comes back: with somebody, one talks.
    for at in [ALICE, BOB] {
        world.start_client(at);
    }
}

/// Both go on, write once more, and get everything.
fn end_by_talking(random: &mut Random, world: &mut World) {
    let settle = Duration::from_secs(400 + random.below(100) as u64);
    world.run_for(settle);
    for at in [ALICE, BOB] {
        world.start_client(at);
        world.write(at);
    }
    world.run_for(settle);
    for (from, to) in [(ALICE, BOB), (BOB, ALICE)] {
        assert!(world.clients[from].session.is_some(), "client {from} has ended");
        world.ledger.check_complete(world.clients[from].life, world.clients[to].person);
    }
}

/// One leaves, amid faults that end soon; both end, and whoever can be told is told.
fn end_by_leaving(random: &mut Random, world: &mut World, weather: &Weather) {
    world.run_for(Duration::from_secs(random.pick(&[0, 1, 60, 400])));
    world.start_client(ALICE);
    world.start_client(BOB);
    world.run_for(Duration::from_secs(random.pick(&[0, 2, 60])));
    let (leaves, stays) = if random.one_in(2) { (ALICE, BOB) } else { (BOB, ALICE) };
    (0..random.below(40)).for_each(|_| world.write(random.pick(&[ALICE, BOB])));
    if random.one_in(2) {
        let link = random.link();
        world.clients[stays].link = link;
    }
    // Each takes the other to be opposite: on a slow link one may still look at who was there before.
    let sees = |at: usize, other: usize| {
        let Client { session, life, .. } = &world.clients[at];
        session.as_ref().is_some_and(Session::has_peer)
            && world.ledger.correspondent(*life) == Some(world.clients[other].person)
    };
    let had_met = sees(leaves, stays) && sees(stays, leaves);
    let mut fast = world.connections.iter().filter(|it| it.held_by_client).all(Connection::is_fast);
    fast &= [leaves, stays].iter().all(|at| world.clients[*at].link.is_fast());
    world.leave(leaves);
    let (mut relay_lived, mut relay_forgot, mut stays_connected, mut replaced) = (true, false, true, false);
    for _ in 0..random.below(5) {
        world.run_for(Duration::from_millis(random.pick(&[0, 1, 30, 1_000])));
        if weather.relay_restarts && relay_lived && random.one_in(4) {
            relay_lived = false;
            relay_forgot = world.relay.remembers_an_end();
            world.stop_relay(random.kept());
            world.run_for(Duration::from_secs(random.pick(&[0, 5, 9])));
            world.relay_is_up = true;
        } else if weather.with_carol && random.one_in(3) {
            // Somebody else may come to sit where he sat.
            world.kill_client(stays);
            world.start_client(CAROL);
            replaced = true;
        } else {
            let at = random.pick(&[leaves, stays]);
            stays_connected &= at == leaves;
            let (up, down) = (random.kept(), random.kept());
            let connections = world.connections.iter_mut();
            for connection in connections.filter(|it| it.owner == at && it.held_by_client) {
                connection.up.cut(up);
                connection.down.cut(down);
            }
        }
    }
    heal(world);
    world.run_for(Duration::from_secs(900));
    let told = match world.clients[leaves].ended {
        Some(Outcome::Left { told }) => told,
        Some(Outcome::LeftByPeer | Outcome::Failed) => return,
        None => panic!("client {leaves} never ends"),
    };
    if had_met && !replaced {
        let knows = matches!(world.clients[stays].ended, Some(Outcome::LeftByPeer | Outcome::Left { .. }));
        assert!(told || knows || !(fast && stays_connected), "client {leaves} could have been heard");
        assert!(
            knows || !told || relay_forgot,
            "client {stays} does not know: {:?}",
            world.clients[stays].ended
        );
    }
}
