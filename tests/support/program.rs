//! The real programs, as processes.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::thread::JoinHandle;
use std::time::Instant;

use common::discovery::PORT_VARIABLE;

use crate::PATIENCE;
use crate::relay::Screen;

/// The folder in which a client keeps what it remembers.
pub const DATA_VARIABLE: &str = "MESSAGERIE_DONNEES";

/// A folder with other programs to test than those that cargo builds here.
const PROGRAMS_VARIABLE: &str = "MESSAGERIE_PROGRAMMES";

/// The path of `serveur` or `client`, built if need be, in the profile of the running test.
pub fn binary(name: &str) -> PathBuf {
    if let Some(folder) = std::env::var_os(PROGRAMS_VARIABLE) {
        return Path::new(&folder).join(name);
    }
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let folder = test.ancestors().nth(2).expect("target/PROFILE/deps/TEST").to_owned();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--workspace", "--bins", "--quiet"]);
        if folder.ends_with("release") {
            build.arg("--release");
        }
        let status = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo runs");
        assert!(status.success(), "the programs do not build");
        folder
    });
    folder.join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// Makes a shell script that can be run.
pub fn make_script(path: &Path, body: &str) {
    // Not written by this process: as long as another thread starts a program, it would count as being written to.
    let write = "printf '#!/bin/sh\\n%s\\n' \"$2\" > \"$1\" && chmod +x \"$1\"";
    let status = Command::new("sh").args(["-c", write, "sh"]).arg(path).arg(body).status();
    assert!(status.expect("sh is there").success());
}

/// A process that ends when this is dropped.
#[derive(Debug)]
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running program whose input is in our hand and whose outputs are gathered.
#[derive(Debug)]
pub struct Program {
    process: Process,
    input: Option<ChildStdin>,
    /// Its standard output.
    pub out: Screen,
    /// Its standard error.
    pub err: Screen,
    gatherers: Vec<JoinHandle<()>>,
}

impl Program {
    /// Starts `serveur` or `client`.
    pub fn start(name: &str, args: &[&str]) -> Program {
        Program::spawn(Command::new(binary(name)).args(args))
    }

    /// Starts `client ADDRESS PSEUDO --terminal`.
    pub fn client(relay: SocketAddr, pseudo: &str) -> Program {
        Program::start("client", &[&relay.to_string(), pseudo, "--terminal"])
    }

    /// Starts alice and bob, each at a relay, and waits until they know of each other.
    pub fn two_clients(relay_for_alice: SocketAddr, relay_for_bob: SocketAddr) -> (Program, Program) {
        let alice = Program::client(relay_for_alice, "alice");
        alice.err.wait_for("Connecté");
        let bob = Program::client(relay_for_bob, "bob");
        alice.err.wait_for("bob a rejoint la discussion.");
        bob.err.wait_for("alice a rejoint la discussion.");
        (alice, bob)
    }

    /// Starts any command with its input and outputs in our hand.
    pub fn spawn(command: &mut Command) -> Program {
        Program::spawn_into(Stdio::piped(), command)
    }

    /// Starts any command whose standard output goes elsewhere.
    ///
    /// Unless the command says otherwise, servers are found by nobody and clients find none: tests run side by side.
    pub fn spawn_into(stdout: Stdio, command: &mut Command) -> Program {
        if command.get_envs().all(|(name, _)| name != PORT_VARIABLE) {
            command.env(PORT_VARIABLE, "0");
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (out, err) = (Screen::default(), Screen::default());
        let mut gatherers = vec![gather(child.stderr.take().unwrap(), err.clone())];
        gatherers.extend(child.stdout.take().map(|stdout| gather(stdout, out.clone())));
        let input = child.stdin.take();
        Program { process: Process(child), input, out, err, gatherers }
    }

    /// The messages from that one on its standard output, without date and name; further lines as they are.
    pub fn texts(&self, from: &str) -> Vec<String> {
        let marker = format!("] {from} : ");
        let text = self.out.text();
        text.lines().map(|line| line.split_once(&marker).map_or(line, |(_, text)| text).to_owned()).collect()
    }

    /// Its process number.
    pub fn id(&self) -> u32 {
        self.process.0.id()
    }

    /// Types one line.
    pub fn type_line(&mut self, line: &str) {
        self.type_bytes(format!("{line}\n").as_bytes());
    }

    /// Types bytes as they are.
    pub fn type_bytes(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("its input is open");
        input.write_all(bytes).expect("it reads its input");
        input.flush().unwrap();
    }

    /// The end of its input (Ctrl-D).
    pub fn end_input(&mut self) {
        self.input = None;
    }

    /// Takes its input, for a thread that types.
    pub fn take_input(&mut self) -> ChildStdin {
        self.input.take().expect("its input is open")
    }

    /// Stops it where it is, until [`resume`](Self::resume).
    pub fn stop(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    /// Sends it a signal (`-INT`).
    pub fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.id().to_string()]).status();
        assert!(status.expect("kill is there").success());
    }

    /// Ends it without a chance to say anything (SIGKILL).
    pub fn kill(&mut self) {
        self.process.0.kill().unwrap();
        self.process.0.wait().unwrap();
    }

    /// Waits for it to end by itself, with all its outputs, and gives its status.
    #[track_caller]
    pub fn status(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.process.0.try_wait().unwrap() {
                // What it wrote last is still on its way.
                self.gatherers.drain(..).for_each(|gatherer| gatherer.join().unwrap());
                return status.code().unwrap_or(-1);
            }
            // No event tells of a child's end without a thread that may not be interrupted; looking is enough.
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("it did not end\nstdout: {}\nstderr: {}", self.out.text(), self.err.text());
    }
}

fn gather(mut from: impl io::Read + Send + 'static, mut into: Screen) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let _ = io::copy(&mut from, &mut into);
    })
}

/// A server as a process on a free port, and the address it says it listens on.
pub fn server(args: &[&str]) -> (Program, SocketAddr) {
    let mut all = vec!["127.0.0.1:0"];
    all.extend(args);
    let program = Program::start("serveur", &all);
    let address = listening(&program);
    (program, address)
}

/// The address that a server says it listens on.
pub fn listening(server: &Program) -> SocketAddr {
    let said = "Le serveur écoute sur ";
    server.out.wait_until(said, |text| text.contains(said) && text.contains(".\n"));
    let text = server.out.text();
    let start = text.find(said).unwrap() + said.len();
    let end = start + text[start..].find(".\n").unwrap();
    text[start..end].parse().unwrap()
}
