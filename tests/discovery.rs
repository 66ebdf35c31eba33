//! Finding a relay without typing its address: the real programs, on this machine and between networks made for it.

#![allow(clippy::unwrap_used)]

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::process::Command;

use common::discovery::{Answer, PORT_VARIABLE, QUESTION_BYTES, Question};
use support::peer::Peer;
use support::program::{Program, binary, listening};
use support::relay::RelayThread;
use support::window::{Desktop, Window, wait_until};

/// A UDP port that nobody uses.
fn free_port() -> u16 {
    UdpSocket::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port()
}

fn server(port: u16, args: &[&str]) -> Program {
    Program::spawn(Command::new(binary("serveur")).args(args).env(PORT_VARIABLE, port.to_string()))
}

/// `client --terminal` with someone in front of it. What it says comes from one terminal: all of it is in `out`.
fn client_at_a_terminal(port: u16) -> Program {
    at_a_terminal(Command::new("script").env(PORT_VARIABLE, port.to_string()))
}

fn at_a_terminal(script: &mut Command) -> Program {
    let client = format!("{} --terminal --sans-historique", binary("client").display());
    // On a terminal that can do nothing, what is shown is what is said.
    script.env("TERM", "dumb").args(["--quiet", "--command", &client, "/dev/null"]);
    let mut program = Program::spawn(script);
    program.out.wait_for("Votre pseudo");
    program.type_line("alice");
    program
}

#[test]
fn the_only_server_is_joined_after_saying_so() {
    let port = free_port();
    let server = server(port, &["127.0.0.1:0"]);
    let address = listening(&server);
    let client = client_at_a_terminal(port);
    client.out.wait_for(&format!("Serveur trouvé : {address} (cette machine, 2 places)."));
    server.out.wait_for("* alice a rejoint la discussion.");
}

#[test]
fn a_server_that_comes_later_is_found() {
    let port = free_port();
    let client = client_at_a_terminal(port);
    client.out.wait_for("Aucun serveur ne répond pour l'instant");
    server(port, &["127.0.0.1:0"]).out.wait_for("* alice a rejoint la discussion.");
}

#[test]
fn among_several_servers_the_user_chooses() {
    let asked = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (one, other) = (server(0, &["127.0.0.1:0"]), server(0, &["127.0.0.1:0"]));
    let mut client = client_at_a_terminal(asked.local_addr().unwrap().port());
    let (token, from) = question(&asked);
    for (server, seats) in [(&one, 0), (&other, 1)] {
        let port = listening(server).port();
        let answer =
            Answer { token: &token, port, seats, name: "salle-12" }.to_bytes(QUESTION_BYTES).unwrap();
        asked.send_to(&answer, from).unwrap();
    }
    client.out.wait_for(&format!("1. {} (cette machine, complet)", listening(&one)));
    client.out.wait_for(&format!("2. {} (cette machine, 1 place)", listening(&other)));
    client.out.wait_for("Lequel ? (1 à 2)");
    client.type_line("3");
    client.type_line("2");
    other.out.wait_for("* alice a rejoint la discussion.");
}

#[test]
fn a_taken_udp_port_is_one_notice() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let server = server(port, &["127.0.0.1:0"]);
    let _alice = Peer::login(listening(&server), "alice");
    server.out.wait_for("* alice a rejoint la discussion.");
    let shown = server.out.text();
    let notice = format!("un autre serveur de cette machine répond déjà à sa place, port UDP {port}");
    assert_eq!(shown.matches(&notice).count(), 1, "{shown}");
    assert_eq!((shown.lines().count(), server.err.text()), (5, String::new()), "{shown}");
}

#[test]
fn a_discreet_server_is_not_there_to_be_asked() {
    let port = free_port();
    let server = server(port, &["127.0.0.1:0", "--discret"]);
    let _alice = Peer::login(listening(&server), "alice");
    server.out.wait_for("* alice a rejoint la discussion.");
    assert!(UdpSocket::bind(("127.0.0.1", port)).is_ok());
}

// ---- in the window ----

/// Relays of our own making: what the client asks at this socket, and who asks.
fn question(asked: &UdpSocket) -> (String, SocketAddr) {
    let mut datagram = [0; 500];
    let (length, from) = asked.recv_from(&mut datagram).unwrap();
    (Question::parse(&datagram[..length]).unwrap().token.to_owned(), from)
}

fn answer(asked: &UdpSocket, to: SocketAddr, token: &str, port: u16, name: &str) {
    let answer = Answer { token, port, seats: 2, name }.to_bytes(QUESTION_BYTES).unwrap();
    asked.send_to(&answer, to).unwrap();
}

/// Whether an address is filled in: of the fields of the form, the pseudo alone is missing.
fn has_an_address(window: &Window<'_>) -> bool {
    window.press(&["Return"]);
    window.fields_with_an_error() == 1
}

#[test]
fn the_only_server_is_filled_in_beforehand() {
    let (desktop, port) = (Desktop::start(), free_port());
    let server = server(port, &["127.0.0.1:0"]);
    listening(&server);
    let window = desktop.client_with_discovery(port, &[]);
    wait_until("the address", || has_an_address(&window));
    window.screenshot("login-found");
    window.type_line("alice");
    server.out.wait_for("* alice a rejoint la discussion.");
}

#[test]
fn a_server_of_several_is_picked_with_the_mouse_or_by_keys() {
    let (desktop, asked) = (Desktop::start(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let servers = [server(0, &["127.0.0.1:0"]), server(0, &["127.0.0.1:0"])];
    let ports = servers.each_ref().map(|server| listening(server).port());
    let window = desktop.client_with_discovery(asked.local_addr().unwrap().port(), &[]);
    // As long as the window is there.
    std::thread::spawn(move || {
        loop {
            let (token, from) = question(&asked);
            ports.iter().for_each(|port| answer(&asked, from, &token, *port, "moi"));
        }
    });
    // Wherever the first line is.
    let mut y = (270..340).step_by(10).cycle();
    wait_until("the first server", || {
        window.click(100, y.next().unwrap());
        has_an_address(&window)
    });
    window.screenshot("login-several");
    // From the pseudo, which is missing, back to the list, and to its second line.
    window.press(&["shift+Tab", "Down", "Down", "Return"]);
    window.type_line("alice");
    servers[1].out.wait_for("* alice a rejoint la discussion.");
}

#[test]
fn ten_thousand_forged_answers_change_nothing_that_was_typed() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let asked = UdpSocket::bind("127.0.0.1:0").unwrap();
    let window = desktop.client_with_discovery(asked.local_addr().unwrap().port(), &[]);
    window.type_text(&relay.address.to_string());
    let (token, from) = question(&asked);
    for forged in 1..=10_000 {
        answer(&asked, from, &token, forged, "ici, ici !\n\u{202e}");
    }
    // It has looked at some of them when it asks again.
    question(&asked);
    window.screenshot("login-forged");
    assert_eq!(window.copied(), relay.address.to_string());
    window.press(&["Return"]);
    window.type_line("alice");
    relay.screen.wait_for("* alice a rejoint la discussion.");
}

#[test]
fn a_hosting_window_is_found_unless_it_is_discreet() {
    let (desktop, port) = (Desktop::start(), free_port());
    let tcp = TcpListener::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port().to_string();
    let window = desktop.client_with_discovery(port, &["--heberge", &tcp, "bob"]);
    let alice = client_at_a_terminal(port);
    alice.out.wait_for(&format!("Serveur trouvé : 127.0.0.1:{tcp} (cette machine, 1 place)."));
    window.wait_for_title("bob avec alice – Messagerie");
    drop((alice, window));
    let window = desktop.client_with_discovery(port, &["--heberge", &tcp, "--discret", "bob"]);
    window.wait_for_title("bob – Messagerie");
    assert!(UdpSocket::bind(("127.0.0.1", port)).is_ok());
}

// ---- between two networks ----

/// Two networks of nothing but themselves, joined by a cable.
struct Cable {
    /// Holds them; they end with it.
    _holder: Program,
    /// A process in each.
    server_side: String,
    client_side: String,
}

impl Cable {
    /// Nothing where the system does not allow it, which is said. The client's side has a second interface, without
    /// broadcast, whose other end nobody holds.
    fn lay() -> Option<Cable> {
        let setup = "
            set -e
            exec 3<&0 2>&1
            unshare --net cat <&3 >/dev/null &
            while [ \"$(readlink /proc/$!/ns/net)\" = \"$(readlink /proc/self/ns/net)\" ]; do :; done
            ip link set lo up
            ip link add cable type veth peer name cable netns $!
            ip link add tunnel type veth peer name nowhere
            ip address add 10.77.0.2/24 dev cable
            ip address add 10.78.0.2 peer 10.78.0.1/32 dev tunnel
            ip link set cable up; ip link set tunnel up; ip link set nowhere up
            nsenter --target $! --net sh -ec 'ip link set lo up
                ip address add 10.77.0.1/24 dev cable; ip link set cable up'
            echo \"laid $! $$\"
            exec cat <&3";
        let mut shell = Command::new("sh");
        let alone = "unshare --user --map-root-user --net sh -c \"$1\" 2>&1 || echo refused";
        let mut holder = Program::spawn(shell.args(["-c", alone, "sh", setup]));
        holder.out.wait_for("\n");
        let out = holder.out.text();
        let Some((server_side, client_side)) =
            out.trim_end().strip_prefix("laid ").and_then(|sides| sides.split_once(' '))
        else {
            holder.end_input();
            let skipped = format!("SKIPPED: this system allows no networks of our own: {out}");
            // Not by a macro, whose words nobody sees when a test passes.
            io::stderr().write_all(skipped.as_bytes()).unwrap();
            return None;
        };
        let (server_side, client_side) = (server_side.to_owned(), client_side.to_owned());
        Some(Cable { _holder: holder, server_side, client_side })
    }

    /// A command that runs something there.
    fn at(side: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--preserve-credentials", "--user", "--net", "--target", side]).arg(program);
        command.env(PORT_VARIABLE, "7878");
        command
    }
}

#[test]
fn two_machines_on_one_cable_meet_without_an_address() {
    let Some(cable) = Cable::lay() else { return };
    let server = Program::spawn(&mut Cable::at(&cable.server_side, binary("serveur")));
    server.out.wait_for("    client 10.77.0.1:7878\n");
    let mut alice = at_a_terminal(&mut Cable::at(&cable.client_side, "script"));
    alice.out.wait_for("Serveur trouvé : 10.77.0.1:7878 (");
    let bob = Program::spawn(Cable::at(&cable.server_side, binary("client")).args([
        "127.0.0.1",
        "bob",
        "--terminal",
    ]));
    bob.err.wait_for("alice a rejoint la discussion.");
    alice.out.wait_for("bob a rejoint la discussion.");
    alice.type_line("trouvé !");
    bob.out.wait_for("alice : trouvé !");
}

#[test]
fn a_server_on_one_address_answers_from_that_one() {
    let Some(cable) = Cable::lay() else { return };
    let server = Program::spawn(Cable::at(&cable.server_side, binary("serveur")).arg("10.77.0.1:9000"));
    listening(&server);
    let alice = at_a_terminal(&mut Cable::at(&cable.client_side, "script"));
    alice.out.wait_for("Serveur trouvé : 10.77.0.1:9000 (");
    server.out.wait_for("* alice a rejoint la discussion.");
}

#[test]
fn an_address_in_another_network_is_said_to_be_so() {
    let Some(cable) = Cable::lay() else { return };
    let mut client = Cable::at(&cable.client_side, binary("client"));
    let client = Program::spawn(client.args(["192.168.1.23", "alice", "--terminal"]));
    client.err.wait_for("vous êtes dans 10.77.0.0/24, 192.168.1.23 n'y est pas");
    // A machine that is not there, and one where nobody listens.
    for (address, words) in [("10.77.0.9", "un pare-feu"), ("10.77.0.1:1", "lancez-y « serveur »")] {
        let mut client = Cable::at(&cable.client_side, binary("client"));
        Program::spawn(client.args([address, "alice", "--terminal"])).err.wait_for(words);
    }
}
