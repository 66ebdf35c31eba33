//! The relay inside this program.

use std::io;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};

use common::endpoint::Endpoint;
use serveur::addresses::{self, Reachable};
use serveur::{Emphasis, Relay, Stopper};

/// A relay that runs on a thread of its own until this is dropped.
#[derive(Debug)]
pub(crate) struct Hosting {
    bound: SocketAddr,
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

impl Hosting {
    /// Starts a relay at that address, for one discussion after the other, found at that UDP port by those who look.
    ///
    /// # Errors
    /// The address cannot be listened on, or the system gives no thread.
    pub(crate) fn start(endpoint: &Endpoint, found_at: Option<u16>) -> anyhow::Result<Hosting> {
        let relay = Relay::bind(endpoint, true)?.found_at(found_at);
        let (bound, stopper) = (relay.local_addr(), relay.stopper());
        let thread = thread::Builder::new().name("serveur".to_owned()).spawn(move || {
            if let Err(error) = relay.run(Box::new(io::sink()), Emphasis::None) {
                log::error!("Le serveur s'est arrêté : {error}");
            }
        })?;
        Ok(Hosting { bound, stopper, thread: Some(thread) })
    }

    /// Where it listens.
    pub(crate) fn bound(&self) -> SocketAddr {
        self.bound
    }

    /// Where this program's own client finds it.
    pub(crate) fn own_endpoint(&self) -> Endpoint {
        let address = addresses::from_this_machine(self.bound);
        Endpoint { host: address.ip().to_string(), port: address.port() }
    }

    /// Under which addresses the other machine finds it, the likeliest first.
    pub(crate) fn addresses(&self) -> Vec<Reachable> {
        addresses::reachable(self.bound)
    }
}

impl Drop for Hosting {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            // A panic there was said there.
            let _ = thread.join();
        }
    }
}
