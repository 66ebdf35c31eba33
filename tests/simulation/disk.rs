//! A model of what is kept on disk: applies changes to a memory.

use client::session::Identity;
use common::address::Address;
use common::delivery::{Change, Kept, Memory, Met, Person};

/// A client's file.
#[derive(Clone)]
pub(crate) struct Disk {
    pub(crate) identity: Identity,
    memory: Memory,
}

impl Disk {
    pub(crate) fn new(identity: Identity) -> Self {
        Disk { identity, memory: Memory::default() }
    }

    /// What the next run begins with.
    pub(crate) fn memory(&mut self) -> Memory {
        let mut memory = self.memory.clone();
        self.memory.from_earlier_run = true;
        // What is in memory only is not read from a file.
        for person in &mut memory.people {
            let mut read = Person::remembered(person.pseudo.clone(), person.last, person.may_be_sent);
            read.met = person.met.drain(..).map(|met| Met::new(met.address, met.received)).collect();
            read.kept = std::mem::take(&mut person.kept);
            *person = read;
        }
        memory
    }

    pub(crate) fn commit(&mut self, changes: Vec<Change>) {
        for change in changes {
            self.apply(change);
        }
    }

    fn apply(&mut self, change: Change) {
        let memory = &mut self.memory;
        match change {
            Change::Written(None, kept) => {
                memory.last_id = kept.id;
                memory.unaddressed.push_back(kept);
            }
            Change::Written(Some(to), kept) => {
                memory.last_id = kept.id;
                let person =
                    memory.people.iter_mut().find(|person| person.pseudo == to).expect("seen before");
                person.last = kept.number;
                person.kept.push_back(kept);
            }
            Change::Addressed(to, id, number) => {
                let at = memory.unaddressed.iter().position(|kept| kept.id == id).expect("written before");
                let kept = memory.unaddressed.remove(at).expect("it is there");
                let person =
                    memory.people.iter_mut().find(|person| person.pseudo == to).expect("seen before");
                person.last = number;
                person.kept.push_back(Kept { number, ..kept });
            }
            Change::Sending(pseudo, number) => {
                let person = memory.people.iter_mut().find(|person| person.pseudo == pseudo).expect("known");
                person.may_be_sent = number;
            }
            Change::Delivered(pseudo, number) => {
                let person = memory.people.iter_mut().find(|person| person.pseudo == pseudo).expect("known");
                person.kept.retain(|kept| kept.number > number);
            }
            Change::GivenUp(ids) => {
                let queues = memory.people.iter_mut().map(|person| &mut person.kept);
                for queue in queues.chain([&mut memory.unaddressed]) {
                    queue.retain(|kept| !ids.contains(&kept.id));
                }
            }
            Change::Received(from, number, ..) | Change::Counted(from, number) => {
                self.met(&from).received = number;
            }
            Change::Seen(address) => self.see(address),
            Change::Forgotten(address) => {
                let at =
                    memory.people.iter().position(|person| person.pseudo == address.pseudo()).expect("known");
                let person = &mut memory.people[at];
                person.met.retain(|met| met.address != address);
                if person.met.is_empty() {
                    memory.floor = memory.floor.max(person.last);
                    memory.people.remove(at);
                }
            }
            Change::Ended => memory.knows_end = true,
            Change::Renewed(address, key) => self.identity = Identity { address, key },
        }
    }

    fn see(&mut self, address: Address<'static>) {
        let memory = &mut self.memory;
        memory.knows_end = false;
        let known = memory.people.iter().position(|person| person.pseudo == address.pseudo());
        let mut person = match known {
            Some(known) => memory.people.remove(known),
            None => Person::remembered(address.pseudo(), memory.floor, memory.floor),
        };
        let known = person.met.iter().position(|met| met.address == address);
        let received = known.map_or(0, |known| person.met.remove(known).received);
        person.met.push(Met::new(address, received));
        memory.people.push(person);
    }

    fn met(&mut self, address: &Address<'_>) -> &mut Met {
        let met = self.memory.people.iter_mut().flat_map(|person| &mut person.met);
        met.into_iter().find(|met| met.address == *address).expect("seen before")
    }
}
