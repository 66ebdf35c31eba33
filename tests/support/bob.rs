//! bob by hand, opposite a client whose screen is looked at: [`Bob`].

use std::net::SocketAddr;

use crate::peer::Peer;

/// Somebody who talks, listens and acknowledges.
#[derive(Debug)]
pub struct Bob {
    /// His connection.
    pub peer: Peer,
    /// The address of the one opposite.
    pub other: String,
    sent: u64,
}

impl Bob {
    /// Takes his seat and waits for somebody; he has shown nothing of hers yet.
    #[track_caller]
    pub fn join(relay: SocketAddr) -> Bob {
        Bob::opposite(Peer::login(relay, "bob"), 0)
    }

    /// Waits for somebody opposite, of whom he has shown that many messages already.
    #[track_caller]
    pub fn opposite(mut peer: Peer, shown: u64) -> Bob {
        let other = peer.expect_present();
        let mut bob = Bob { peer, other, sent: 0 };
        bob.acknowledge(shown);
        bob
    }

    /// Sends a message.
    pub fn say(&mut self, text: &str) {
        self.sent += 1;
        self.peer.send_message(&self.other, self.sent, text);
    }

    /// Sends a message and waits until it is shown.
    #[track_caller]
    pub fn say_and_wait(&mut self, text: &str) {
        self.say(text);
        self.wait_until_shown();
    }

    /// Waits until the other one has acknowledged all he said.
    #[track_caller]
    pub fn wait_until_shown(&mut self) {
        let recu = format!("recu {} {} {}", self.other, self.peer.address, self.sent);
        self.peer.receive_until(&recu);
    }

    /// The next message: its text as it stands on the wire. It is acknowledged.
    #[track_caller]
    pub fn hear(&mut self) -> String {
        let (number, _, text) = self.hear_fields();
        self.acknowledge(number);
        text
    }

    /// The next message: its number, date and text as they stand on the wire.
    #[track_caller]
    pub fn hear_fields(&mut self) -> (u64, String, String) {
        let line = self.wait_for("msg ");
        let fields: Vec<&str> = line.splitn(6, ' ').collect();
        (fields[3].parse().unwrap(), fields[4].to_owned(), fields[5].to_owned())
    }

    /// Says that he has shown everything up to that number.
    pub fn acknowledge(&mut self, number: u64) {
        self.peer.send(&format!("recu {} {} {number}", self.peer.address, self.other));
    }

    /// The next line that begins so.
    #[track_caller]
    pub fn wait_for(&mut self, beginning: &str) -> String {
        loop {
            let line = self.peer.receive().expect("the connection is open");
            if line.starts_with(beginning) {
                return line;
            }
        }
    }

    /// Waits for the end of the discussion; what came before it.
    pub fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.peer.receive()).collect()
    }
}
