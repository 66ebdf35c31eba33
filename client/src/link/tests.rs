//! What only the threads can get wrong; what is done with what they bring is tested with the session.

use std::io;
use std::net::TcpListener;
use std::sync::mpsc;

use super::Link;
use crate::event::{Event, Front};

/// Cuts the discussion short as soon as anything is shown, and passes on what is.
struct Cutter {
    link: mpsc::Receiver<Link>,
    shown: mpsc::Sender<Event>,
}

impl Front for Cutter {
    fn show(&mut self, events: Vec<Event>) -> io::Result<()> {
        if let Ok(link) = self.link.recv() {
            link.cut_short();
        }
        events.into_iter().for_each(|event| self.shown.send(event).unwrap());
        Ok(())
    }
}

#[test]
fn an_end_that_comes_while_something_is_shown_is_shown_too() {
    // Nobody listens there: that no connection can be made is shown first.
    let server = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ((give, link), (shown, events)) = (mpsc::channel(), mpsc::channel());
    let front = Cutter { link, shown };
    let (link, thread) =
        Link::open(server.to_string().parse().unwrap(), &"alice".parse().unwrap(), None, None, front)
            .unwrap();
    give.send(link).unwrap();
    drop(give);
    thread.join().unwrap();
    assert!(events.try_iter().any(|event| matches!(event, Event::Over(_))));
}
