//! Random schedules: a seed decides every step.

use crate::counts::Counts;
use crate::ledger::Person;
use crate::world::{Step, World};

const ALICE: Person = 0;
const BOB: Person = 1;
const CAROL: Person = 2;

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

    /// A few, or now and then all.
    fn some(&mut self, few: usize) -> usize {
        if self.one_in(3) { usize::MAX } else { 1 + self.below(few) }
    }

    /// How much of what is on its way survives a cut: often nothing or everything.
    fn kept(&mut self) -> usize {
        match self.below(3) {
            0 => 0,
            1 => usize::MAX,
            _ => self.below(200),
        }
    }
}

/// What kind of weather a schedule has.
struct Weather {
    /// One step in so many is a fault.
    calm: usize,
    clients_restart: bool,
    relay_restarts: bool,
    /// For a while only this one gets on, and the others' bytes stand still: that is how something old comes to
    /// arrive after something new.
    focus: Option<Person>,
}

/// Runs one schedule and checks it; panics if a rule was broken.
pub(crate) fn run(seed: u64, trace: bool) -> Counts {
    let mut random = Random(seed);
    let with_carol = random.one_in(3);
    let mut world = World::new(if with_carol { 3 } else { 2 });
    let mut weather = Weather {
        calm: [8, 16, 32, 64][random.below(4)],
        clients_restart: random.one_in(3),
        relay_restarts: random.one_in(2),
        focus: None,
    };
    for _ in 0..100 + random.below(200) {
        if random.one_in(12) {
            weather.focus = random.one_in(2).then(|| random.below(world.people()));
        }
        if let Some(step) = draw(&mut random, &world, &weather) {
            if trace {
                eprintln!("{step:?}");
            }
            world.apply(step);
        }
        world.tick();
    }
    end(&mut random, &mut world, with_carol);
    world.counts
}

/// The faults stop. Two stay, write once more, and must get everything.
fn end(random: &mut Random, world: &mut World, with_carol: bool) {
    let stays = if with_carol && random.one_in(3) { CAROL } else { BOB };
    if with_carol {
        world.leave(if stays == BOB { CAROL } else { BOB });
    }
    for person in [ALICE, stays] {
        world.apply(Step::Write(person));
    }
    world.settle();
    world.check_quiet(ALICE, stays);
}

fn draw(random: &mut Random, world: &World, weather: &Weather) -> Option<Step> {
    let person = weather.focus.unwrap_or_else(|| random.below(world.people()));
    let connections: Vec<usize> = world.connections_of(person).collect();
    let connection = (!connections.is_empty()).then(|| connections[random.below(connections.len())]);
    if random.one_in(weather.calm) {
        fault(random, weather, person, connection)
    } else {
        normal(random, person, connection)
    }
}

fn normal(random: &mut Random, person: Person, connection: Option<usize>) -> Option<Step> {
    Some(match random.below(16) {
        0 | 1 => Step::Write(person),
        2 | 3 => Step::Send(person, random.some(3)),
        4 => Step::Connect(person),
        5 | 6 => Step::Read(person, random.some(3)),
        7 => Step::Show(person),
        8 => Step::Acknowledge(person),
        9 => Step::ClientNotices(person),
        10 | 11 => Step::ArriveUp(connection?, random.some(100)),
        12 | 13 => Step::ArriveDown(connection?, random.some(100)),
        14 => Step::RelayReads(connection?, random.some(3)),
        _ => Step::RelayNotices(connection?),
    })
}

fn fault(random: &mut Random, weather: &Weather, person: Person, connection: Option<usize>) -> Option<Step> {
    Some(match random.below(12) {
        0 | 1 => Step::Silence(person, 5 + random.below(40) as u32),
        2 if weather.clients_restart => Step::RestartClient(person, random.kept()),
        3 if weather.relay_restarts => Step::RestartRelay(random.kept()),
        _ => Step::Cut(connection?, random.kept(), random.kept()),
    })
}
