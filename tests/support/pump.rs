//! The least that a relay can be: a bare byte pump, to which ours is compared.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};

use crate::program::Process;

/// Two sockets, one thread per direction, 64 KiB at a time, write all. Prints its port first; for a program of its own.
pub fn pump() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    let (a, b) = (listener.accept().unwrap().0, listener.accept().unwrap().0);
    for stream in [&a, &b] {
        stream.set_nodelay(true).unwrap();
    }
    std::thread::scope(|scope| {
        for (from, to) in [(&a, &b), (&b, &a)] {
            scope.spawn(move || {
                let (mut from, mut to) = (from, to);
                let mut bytes = vec![0; 64 * 1024];
                while let Ok(count @ 1..) = from.read(&mut bytes) {
                    if to.write_all(&bytes[..count]).is_err() {
                        break;
                    }
                }
            });
        }
    });
}

/// A pump as a process: this very program, told so by its argument.
pub fn start_pump() -> (Process, SocketAddr) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let mut child = command.arg("pump").stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut port = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
    (Process(child), SocketAddr::from(([127, 0, 0, 1], port.trim().parse().unwrap())))
}
