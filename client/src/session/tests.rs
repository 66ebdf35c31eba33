//! Dialogues with a relay that is ourselves, in virtual time.

use super::*;

/// alice's session, the time, and what she would read.
struct Alice {
    session: Session,
    now: Instant,
    read: Vec<String>,
}

const ALICE: &str = "alice/a1";

impl Alice {
    fn with(memory: Memory, patience: Option<Duration>) -> Alice {
        let now = Instant::now();
        let key = "k1".parse().unwrap();
        let identity = Identity { address: Address::parse(ALICE).unwrap().into_owned(), key };
        let server = "salle-12".parse().unwrap();
        Alice { session: Session::new(server, identity, memory, patience, now), now, read: Vec::new() }
    }

    fn new() -> Alice {
        Alice::with(Memory::default(), None)
    }

    /// Connected and logged in.
    fn seated() -> Alice {
        let mut alice = Alice::new();
        alice.log_in();
        alice
    }

    /// bob sits opposite and has shown nothing yet.
    fn with_bob() -> Alice {
        let mut alice = Alice::seated();
        alice.meet("bob/b1");
        alice
    }

    #[track_caller]
    fn log_in(&mut self) {
        assert_eq!(self.session.wants(), Wants::Connection);
        self.session.connected(self.now);
        assert_eq!(self.says(), ["login 2 alice/a1 k1", "ping"]);
        self.hear("bienvenue alice/a1");
    }

    #[track_caller]
    fn meet(&mut self, address: &str) {
        self.hear(&format!("present {address}"));
        let said = self.says();
        assert!(said[0].starts_with(&format!("recu alice/a1 {address} ")), "{said:?}");
        assert!(said[1].starts_with(&format!("debut alice/a1 {address} ")), "{said:?}");
        self.hear(&format!("recu {address} alice/a1 0"));
    }

    /// A line arrives, and what follows from it is shown.
    fn hear(&mut self, line: &str) {
        self.hear_without_showing(line);
        self.session.shown(self.now);
    }

    fn hear_without_showing(&mut self, line: &str) {
        self.session.received(format!("{line}\n").as_bytes(), self.now);
        self.read_events();
    }

    fn read_events(&mut self) {
        self.read.extend(self.session.take_events().iter().map(Event::to_string));
    }

    /// The lines she sends now, dates left out.
    fn says(&mut self) -> Vec<String> {
        let mut bytes = Vec::new();
        self.session.transmit(&mut bytes, self.now);
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(|line| line.replace(&format!("{DATE} "), "")).collect()
    }

    fn write(&mut self, text: &str) -> Result<MessageId, SendError> {
        self.session.write(&Content::Msg { date: DATE, text: common::text::Text::from_wire(text) })
    }

    fn leave(&mut self) {
        self.session.leave(self.now);
    }

    /// Time passes, with every timeout on the way.
    fn wait(&mut self, duration: Duration) {
        let until = self.now + duration;
        while let Some(next) = self.session.next_timeout(self.now).filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.session.handle_timeout(self.now);
            self.read_events();
            self.session.shown(self.now);
        }
        self.now = until;
    }

    fn wait_secs(&mut self, seconds: u64) {
        self.wait(Duration::from_secs(seconds));
    }

    fn lose_connection(&mut self) {
        self.session.disconnected(refused(), self.now);
        self.read_events();
    }

    /// Waits for the next attempt.
    fn retry(&mut self) {
        while self.session.wants() == Wants::Pause && self.session.ending().is_none() {
            let next = self.session.next_timeout(self.now).unwrap();
            self.wait(next.saturating_duration_since(self.now));
        }
    }

    #[track_caller]
    fn expect_over(&self, sentence: &str) {
        assert_eq!(self.session.ending().map(|ending| ending.how.to_string()).as_deref(), Some(sentence));
        assert_eq!(self.read.last().map(String::as_str), Some(sentence));
    }

    #[track_caller]
    fn expect_going_on(&self) {
        assert!(self.session.ending().is_none(), "{:?}", self.read);
    }

    fn lost(&self) -> Vec<&str> {
        let ending = self.session.ending().unwrap();
        ending.lost.iter().map(|lost| lost.text.as_str()).collect()
    }
}

const DATE: &str = "2026-11-20T14:03:07.123+01:00";
const LEFT: &str = "Vous avez quitté la discussion.";
const LEFT_UNTOLD: &str =
    "Vous avez quitté la discussion, mais l'autre participant n'a peut-être pas pu en être prévenu.";

fn refused() -> Failure {
    Failure::Unreachable("salle-12".parse().unwrap(), std::io::ErrorKind::ConnectionRefused.into())
}

fn message(number: u64, text: &str) -> String {
    format!("msg bob/b1 alice/a1 {number} {DATE} {text}")
}

// ---- talking ----

#[test]
fn a_discussion_as_the_protocol_tells_it() {
    let mut alice = Alice::with_bob();
    alice.write("Salut Bob !").unwrap();
    assert_eq!(alice.says(), ["msg alice/a1 bob/b1 1 Salut Bob !"]);
    alice.hear("recu bob/b1 alice/a1 1");
    alice.hear(&message(1, "Salut, ça va ?"));
    assert_eq!(alice.says(), ["recu alice/a1 bob/b1 1"]);
    alice.leave();
    assert_eq!(alice.says(), ["quitter"]);
    alice.hear("fin alice/a1");
    alice.expect_over(LEFT);
    assert_eq!(
        alice.read,
        [
            "Connecté. En attente de l'autre participant…",
            "bob a rejoint la discussion.",
            "",
            "Salut, ça va ?",
            LEFT
        ]
    );
}

#[test]
fn whoever_is_already_there_is_not_waited_for() {
    let mut alice = Alice::new();
    alice.session.connected(alice.now);
    alice.hear("bienvenue alice/a1\npresent bob/b1");
    assert_eq!(alice.read, ["Connecté.", "bob a rejoint la discussion."]);
}

#[test]
fn nothing_is_sent_before_the_other_has_said_what_he_has_shown_or_will_not() {
    let mut alice = Alice::seated();
    alice.write("un").unwrap();
    alice.hear("present bob/b1");
    assert_eq!(alice.says(), ["recu alice/a1 bob/b1 0", "debut alice/a1 bob/b1 1"]);
    alice.wait(Duration::from_millis(4900));
    assert!(alice.says().is_empty());
    alice.wait(Duration::from_millis(100));
    assert_eq!(alice.says().last().map(String::as_str), Some("msg alice/a1 bob/b1 1 un"));
}

#[test]
fn what_came_more_than_once_is_shown_once_and_counted() {
    let mut alice = Alice::with_bob();
    for number in [1, 1, 3, 2, 3, 2] {
        alice.hear(&message(number, &number.to_string()));
    }
    alice.hear("recu bob/b1 alice/a1 0\npong");
    assert_eq!(alice.read[2..], ["1", "2", "3"]);
    assert_eq!(alice.session.take_repetitions(), 3);
    assert_eq!(alice.session.take_repetitions(), 0);
}

#[test]
fn a_line_has_begun_until_its_end_has_come() {
    let mut alice = Alice::seated();
    for (piece, is_inside) in [("present bo", true), ("b/b1\n", false), ("p", true), ("ong\npo", true)] {
        alice.session.received(piece.as_bytes(), alice.now);
        assert_eq!(alice.session.is_inside_line(), is_inside, "{piece}");
    }
    alice.lose_connection();
    assert!(!alice.session.is_inside_line());
}

#[test]
fn what_is_being_shown_is_not_acknowledged_yet() {
    let mut alice = Alice::with_bob();
    alice.hear_without_showing(&message(1, "Salut"));
    assert!(alice.says().is_empty());
    alice.session.shown(alice.now);
    assert_eq!(alice.says(), ["recu alice/a1 bob/b1 1"]);
}

#[test]
fn what_cannot_be_shown_is_said_and_acknowledged() {
    let mut alice = Alice::with_bob();
    alice.hear(&format!("sondage bob/b1 alice/a1 1 {DATE} oui non"));
    assert!(alice.read.last().unwrap().starts_with("bob a envoyé quelque chose"), "{:?}", alice.read);
    alice.hear("frappe bob/b1 alice/a1 oui");
    assert_eq!(alice.says(), ["recu alice/a1 bob/b1 1"]);
}

#[test]
fn someone_known_who_comes_back_with_another_session_is_announced_with_a_word() {
    let mut alice = Alice::with_bob();
    alice.hear("absent bob/b1");
    alice.hear("present bob/b2");
    assert_eq!(
        alice.read.last().unwrap(),
        "bob a rejoint la discussion, depuis un autre programme qu'avant."
    );
}

#[test]
fn dates_that_cannot_be_read_are_the_moment_of_arrival() {
    let mut dates = Dates::default();
    let read = dates.read(DATE).to_utc().to_rfc3339();
    assert_eq!(read, "2026-11-20T13:03:07.123+00:00");
    let before = Local::now();
    assert!(dates.read("hier") >= before);
}

#[test]
fn a_memory_older_than_what_the_other_has_seen_becomes_somebody_new() {
    let mut bob = common::delivery::Person::remembered("bob".parse().unwrap(), 3, 3);
    bob.met.push(common::delivery::Met::new(Address::parse("bob/b1").unwrap().into_owned(), 2));
    let mut alice = Alice::with(Memory { people: vec![bob], ..Memory::default() }, None);
    alice.write("après la sauvegarde").unwrap();
    alice.log_in();
    alice.hear("present bob/b1");
    assert_eq!(alice.says(), ["recu alice/a1 bob/b1 2", "debut alice/a1 bob/b1 4"]);
    alice.hear("recu bob/b1 alice/a1 4");
    assert!(alice.read.iter().any(|line| line.contains("nouvelle session")), "{:?}", alice.read);
    alice.retry();
    alice.session.connected(alice.now);
    let login = alice.says().remove(0);
    let (address, key) = login.strip_prefix("login 2 ").unwrap().split_once(' ').unwrap();
    assert!(address.starts_with("alice/") && address != ALICE && key != "k1", "{login}");
    alice.hear(&format!("bienvenue {address}\npresent bob/b1\nrecu bob/b1 {address} 0"));
    let said = alice.says();
    assert_eq!(
        said,
        [
            format!("recu {address} bob/b1 2"),
            format!("debut {address} bob/b1 4"),
            format!("msg {address} bob/b1 4 après la sauvegarde")
        ]
    );
}

// ---- signs of life ----

#[test]
fn a_slow_link_is_not_a_lost_one() {
    let mut alice = Alice::with_bob();
    for byte in message(1, "lentement").as_bytes() {
        alice.wait_secs(19);
        alice.session.received(&[*byte], alice.now);
    }
    assert_eq!(alice.session.wants(), Wants::Connection);
    alice.hear("");
    assert_eq!(alice.read.last().unwrap(), "lentement");
}

#[test]
fn a_silent_relay_is_asked_and_after_20_seconds_given_up() {
    let mut alice = Alice::seated();
    for _ in 0..3 {
        assert!(alice.says().is_empty());
        alice.wait_secs(5);
        assert_eq!(alice.says(), ["ping"]);
    }
    alice.wait(Duration::from_millis(4999));
    assert!(alice.session.is_open());
    alice.wait(Duration::from_millis(1));
    assert!(!alice.session.is_open());
    assert_eq!(alice.read.last().unwrap(), "Connexion perdue : nouvelle tentative…");
}

#[test]
fn whoever_only_receives_is_heard_all_the_same() {
    let mut alice = Alice::with_bob();
    for _ in 0..4 {
        alice.wait_secs(2);
        alice.hear("pong");
    }
    assert_eq!(alice.says(), ["ping"]);
}

#[test]
fn a_screen_that_takes_nothing_does_not_cost_the_connection() {
    let mut alice = Alice::with_bob();
    alice.hear_without_showing(&message(1, "Salut"));
    alice.session.showing = true;
    let later = alice.now + Duration::from_secs(300);
    alice.session.handle_timeout(later);
    alice.now = later;
    assert_eq!(alice.says(), ["ping"]);
    alice.session.shown(later);
    assert!(alice.session.is_open());
    alice.wait_secs(20);
    assert!(!alice.session.is_open());
}

// ---- attempts ----

#[test]
fn a_first_login_that_is_refused_is_the_end() {
    for (code, words) in
        [("pseudo-pris", "déjà pris"), ("complet", "réessayez plus tard"), ("version", "Non")]
    {
        let mut alice = Alice::new();
        alice.session.connected(alice.now);
        alice.hear(&format!("refus {code} Non."));
        assert!(alice.read.last().unwrap().contains(words), "{:?}", alice.read);
        assert!(alice.session.ending().is_some());
    }
}

#[test]
fn a_seat_that_is_kept_for_someone_is_asked_for_again() {
    let mut alice = Alice::new();
    for _ in 0..3 {
        alice.session.connected(alice.now);
        alice.hear("refus occupe Cette place est gardée 12 s.");
        alice.retry();
    }
    let told = alice.read.iter().filter(|line| line.contains("gardée 12 s")).count();
    assert_eq!(told, 1, "{:?}", alice.read);
    alice.log_in();
}

#[test]
fn on_the_way_back_no_answer_is_final_and_each_is_told_once() {
    let mut alice = Alice::seated();
    alice.lose_connection();
    for (answer, words) in [
        ("HTTP/1.0 302 Found", "n'est pas un serveur de cette messagerie"),
        ("refus version Non.", "Le serveur refuse : Non"),
        ("refus pseudo-pris Non.", "Votre pseudo est encore pris"),
        ("refus complet Non.", "Deux personnes discutent en ce moment"),
    ] {
        for _ in 0..2 {
            alice.retry();
            alice.session.connected(alice.now);
            alice.hear(answer);
        }
        assert_eq!(alice.read.iter().filter(|line| line.contains(words)).count(), 1, "{:?}", alice.read);
    }
    alice.retry();
    alice.log_in();
}

#[test]
fn whoever_is_replaced_ends_and_does_not_come_back() {
    let mut alice = Alice::with_bob();
    alice.hear("refus remplace Ailleurs.");
    alice.expect_over("Vous avez rejoint la discussion depuis un autre programme : celui-ci s'arrête là.");
}

#[test]
fn pauses_grow_to_five_seconds() {
    let mut alice = Alice::seated();
    alice.lose_connection();
    let mut pauses = Vec::new();
    for _ in 0..10 {
        let before = alice.now;
        alice.retry();
        pauses.push(alice.now - before);
        alice.lose_connection();
    }
    assert!(pauses[0] <= Duration::from_millis(100), "at once: {pauses:?}");
    assert!(pauses.is_sorted(), "{pauses:?}");
    assert_eq!(pauses.last(), Some(&Duration::from_secs(5)));
}

#[test]
fn a_relay_that_hangs_up_after_each_login_is_not_asked_without_pause() {
    let mut alice = Alice::new();
    let start = alice.now;
    for _ in 0..10 {
        alice.log_in();
        alice.lose_connection();
        alice.retry();
    }
    assert!(alice.now - start >= Duration::from_secs(1));
}

#[test]
fn patience_ends_before_the_first_login_only() {
    let mut alice = Alice::with(Memory::default(), Some(Duration::from_secs(60)));
    let start = alice.now;
    while alice.session.ending().is_none() {
        alice.lose_connection();
        if alice.session.ending().is_none() {
            alice.retry();
        }
        assert!(alice.now - start < Duration::from_secs(66));
    }
    let mut patient = Alice::with(Memory::default(), Some(Duration::from_secs(60)));
    patient.log_in();
    for _ in 0..100 {
        patient.lose_connection();
        patient.retry();
    }
    patient.expect_going_on();
}

#[test]
fn an_end_that_is_known_is_logged_in_past() {
    let mut alice =
        Alice::with(Memory { from_earlier_run: true, knows_end: true, ..Memory::default() }, None);
    alice.session.connected(alice.now);
    alice.hear("bienvenue alice/a1\nfin bob/b1");
    alice.expect_going_on();
    assert!(alice.read.is_empty(), "{:?}", alice.read);
    alice.log_in();
    alice.meet("bob/b1");
    alice.hear("fin bob/b1");
    alice.expect_over("le client bob a quitté la discussion.");
}

#[test]
fn whoever_leaves_behind_a_known_end_waits_again_for_who_is_there() {
    let mut alice =
        Alice::with(Memory { from_earlier_run: true, knows_end: true, ..Memory::default() }, None);
    alice.write("Salut").unwrap();
    alice.leave();
    alice.session.connected(alice.now);
    alice.hear("bienvenue alice/a1");
    alice.wait_secs(1);
    alice.says();
    alice.hear("fin bob/b1");
    alice.log_in();
    assert!(alice.says().is_empty(), "bob may be there");
    alice.meet("bob/b1");
    assert_eq!(alice.says(), ["msg alice/a1 bob/b1 1 Salut"]);
}

#[test]
fn a_file_that_is_complete_at_the_end_is_told_in_the_next_run() {
    let mut alice = Alice::with_bob();
    let hash = "1".repeat(64);
    alice.hear(&format!("fichier bob/b1 alice/a1 1 {DATE} 3 {hash} a.txt"));
    alice.session.accept(1, "/".into());
    let done = |alice: &mut Alice, done| {
        alice.session.job_done(done, alice.now);
        alice.says();
    };
    done(&mut alice, Done::Begun(1, Ok((0, "/a.txt.partiel".into()))));
    alice.hear(&format!("bloc bob/b1 alice/a1 {hash} 0 YWJj"));
    done(&mut alice, Done::Written(1, Ok(3)));
    alice.session.cut_short();
    alice.session.take_changes();
    alice.session.job_done(Done::Finished(1, Ok("/a.txt".into())), alice.now);
    alice.session.write_about_files(|| DATE.to_owned());
    let changes = alice.session.take_changes();
    let written = |change: &Change| matches!(change, Change::Written(_, kept) if kept.word == "issue");
    assert!(changes.iter().any(written), "{changes:?}");
    assert!(alice.session.has_news());
}

#[test]
fn what_became_of_a_file_outlives_the_discussion() {
    let mut alice = Alice::with_bob();
    let hash = "1".repeat(64);
    alice.hear(&format!("fichier bob/b1 alice/a1 1 {DATE} 3 {hash} a.txt"));
    alice.hear("absent bob/b1");
    alice.write("perdu").unwrap();
    alice.session.cancel(1);
    alice.session.write_about_files(|| DATE.to_owned());
    alice.leave();
    alice.hear("fin alice/a1");
    let changes = alice.session.take_changes();
    let given_up =
        changes.iter().find_map(|it| if let Change::GivenUp(ids) = it { Some(&ids[..]) } else { None });
    assert_eq!(given_up, Some(&[1][..]), "{changes:?}");
}

#[test]
fn an_end_that_is_news_is_told() {
    let mut alice = Alice::with(Memory { from_earlier_run: true, ..Memory::default() }, None);
    alice.session.connected(alice.now);
    alice.hear("bienvenue alice/a1\nfin bob/b1");
    alice.expect_over("le client bob a quitté la discussion.");
}

// ---- leaving ----

#[test]
fn whoever_leaves_before_the_login_joins_for_just_that() {
    let mut alice = Alice::new();
    alice.write("Salut").unwrap();
    alice.leave();
    alice.log_in();
    assert!(alice.says().is_empty(), "bob may be there");
    alice.meet("bob/b1");
    assert_eq!(alice.says(), ["msg alice/a1 bob/b1 1 Salut"]);
    alice.hear("recu bob/b1 alice/a1 1");
    assert_eq!(alice.says(), ["quitter"]);
}

#[test]
fn whoever_leaves_waits_as_long_as_acknowledgements_come() {
    let mut alice = Alice::with_bob();
    for number in 1..=4 {
        alice.write(&number.to_string()).unwrap();
    }
    alice.hear("recu bob/b1 alice/a1 0");
    assert_eq!(alice.says().len(), 4);
    alice.leave();
    for number in 1..=3 {
        for _ in 0..11 {
            alice.wait_secs(10);
            alice.hear("pong");
        }
        assert_eq!(alice.says(), ["ping"]);
        alice.hear(&format!("recu bob/b1 alice/a1 {number}"));
    }
    for _ in 0..11 {
        alice.wait_secs(10);
        alice.hear("pong");
    }
    assert_eq!(alice.says(), ["ping"]);
    alice.wait_secs(10);
    assert_eq!(alice.says().last().map(String::as_str), Some("quitter"));
    alice.hear("fin alice/a1");
    alice.expect_over(LEFT);
    assert_eq!(alice.lost(), ["4"]);
}

#[test]
fn whoever_never_acknowledges_is_waited_for_five_seconds() {
    let mut alice = Alice::seated();
    alice.hear("present bob/b1");
    alice.write("Salut").unwrap();
    alice.wait_secs(6);
    assert!(alice.says().iter().any(|line| line.ends_with("Salut")));
    alice.leave();
    alice.wait(Duration::from_millis(4999));
    assert!(!alice.says().contains(&"quitter".to_owned()));
    alice.wait(Duration::from_millis(1));
    assert!(alice.says().contains(&"quitter".to_owned()));
}

#[test]
fn what_is_being_shown_is_acknowledged_before_leaving() {
    let mut alice = Alice::with_bob();
    alice.hear_without_showing(&message(1, "Au revoir"));
    alice.leave();
    assert!(alice.says().is_empty());
    alice.session.shown(alice.now);
    assert_eq!(alice.says(), ["recu alice/a1 bob/b1 1", "quitter"]);
}

#[test]
fn quitter_is_sent_again_on_every_new_connection_until_fin_comes() {
    let mut alice = Alice::with_bob();
    alice.leave();
    assert_eq!(alice.says(), ["quitter"]);
    for _ in 0..3 {
        alice.lose_connection();
        alice.retry();
        alice.log_in();
        alice.hear("present bob/b1");
        assert_eq!(alice.says().last().map(String::as_str), Some("quitter"));
    }
    alice.hear("fin alice/a1");
    alice.expect_over(LEFT);
}

#[test]
fn back_on_a_relay_that_knows_nobody_the_other_has_ten_seconds_to_come_back_too() {
    let mut alice = Alice::with_bob();
    alice.leave();
    alice.lose_connection();
    alice.retry();
    alice.log_in();
    alice.wait(Duration::from_millis(9999));
    assert!(!alice.says().contains(&"quitter".to_owned()));
    alice.wait(Duration::from_millis(1));
    assert!(alice.says().contains(&"quitter".to_owned()));
    alice.hear("fin alice/a1");
    alice.expect_over(LEFT_UNTOLD);
}

#[test]
fn a_relay_that_has_said_absent_remembers_the_other() {
    let mut alice = Alice::with_bob();
    alice.write("perdu").unwrap();
    assert_eq!(alice.says().len(), 1);
    alice.leave();
    assert!(alice.says().is_empty());
    alice.hear("absent bob/b1");
    assert_eq!(alice.says(), ["quitter"]);
    alice.hear("fin alice/a1");
    assert_eq!(alice.lost(), ["perdu"]);
}

#[test]
fn opposite_somebody_else_than_the_one_left_nothing_is_ended() {
    let mut alice = Alice::with_bob();
    alice.leave();
    alice.lose_connection();
    alice.retry();
    alice.log_in();
    alice.hear("present carol/c1");
    alice.expect_over(LEFT_UNTOLD);
    assert!(!alice.says().contains(&"quitter".to_owned()));
}

#[test]
fn somebody_else_who_has_gone_again_is_not_overlooked() {
    let mut alice = Alice::with_bob();
    alice.write("Salut").unwrap();
    alice.says();
    alice.leave();
    alice.hear("absent bob/b1\npresent carol/c1\nabsent carol/c1");
    alice.expect_over(LEFT_UNTOLD);
    assert!(!alice.says().contains(&"quitter".to_owned()));
}

#[test]
fn without_a_relay_leaving_ends_after_ten_seconds_and_says_that_the_other_may_not_know() {
    let mut alice = Alice::with_bob();
    alice.lose_connection();
    alice.leave();
    let start = alice.now;
    while alice.session.ending().is_none() {
        alice.lose_connection();
        alice.retry();
    }
    assert_eq!(alice.now - start, Duration::from_secs(10));
    alice.expect_over(LEFT_UNTOLD);
}

#[test]
fn a_relay_that_refuses_is_asked_for_thirty_seconds() {
    let mut alice = Alice::with_bob();
    alice.lose_connection();
    alice.leave();
    let start = alice.now;
    while alice.session.ending().is_none() {
        alice.session.connected(alice.now);
        alice.hear("refus complet Non.");
        alice.retry();
    }
    assert_eq!(alice.now - start, Duration::from_secs(30));
}

#[test]
fn nothing_but_pong_for_thirty_seconds_is_no_answer_to_quitter() {
    let mut alice = Alice::with_bob();
    alice.leave();
    assert_eq!(alice.says(), ["quitter"]);
    alice.wait_secs(15);
    alice.hear(&message(1, "encore"));
    for _ in 0..5 {
        alice.wait_secs(5);
        alice.hear("pong");
    }
    alice.expect_going_on();
    alice.wait_secs(5);
    alice.expect_over(LEFT_UNTOLD);
}

#[test]
fn a_relay_that_never_lets_leaving_get_through_is_left_all_the_same() {
    let mut alice = Alice::with_bob();
    alice.leave();
    let start = alice.now;
    while alice.session.ending().is_none() {
        alice.lose_connection();
        alice.retry();
        if alice.session.ending().is_none() {
            alice.log_in();
            alice.wait_secs(1);
        }
    }
    assert!(alice.now - start < Duration::from_secs(140), "{:?}", alice.now - start);
}

#[test]
fn leaving_can_be_cut_short() {
    let mut alice = Alice::with_bob();
    alice.write("pas remis").unwrap();
    alice.leave();
    alice.session.cut_short();
    alice.read_events();
    alice.expect_over(LEFT_UNTOLD);
    assert_eq!(alice.lost(), ["pas remis"]);
}

#[test]
fn nothing_follows_the_end() {
    let mut alice = Alice::seated();
    alice.session.cut_short();
    alice.read_events();
    let read = alice.read.len();
    alice.hear("present bob/b1");
    alice.lose_connection();
    alice.wait_secs(600);
    assert_eq!(alice.read.len(), read, "{:?}", alice.read);
}

#[test]
fn what_is_cut_without_leaving_is_no_end() {
    let mut alice = Alice::with_bob();
    alice.write("gardé").unwrap();
    alice.session.take_changes();
    alice.session.cut_short();
    assert!(alice.session.take_changes().is_empty(), "nothing is given up");
    assert!(alice.lost().is_empty());
    let mut forgetful = Alice::with_bob();
    forgetful.session.forget_changes();
    forgetful.write("perdu").unwrap();
    forgetful.session.cut_short();
    assert_eq!(forgetful.lost(), ["perdu"]);
}

#[test]
fn the_other_one_leaves_and_what_he_did_not_get_is_named() {
    let mut alice = Alice::with_bob();
    alice.write("reçu").unwrap();
    alice.write("pas reçu").unwrap();
    assert_eq!(alice.says().len(), 2);
    alice.hear("recu bob/b1 alice/a1 1");
    alice.hear("fin bob/b1");
    alice.expect_over("le client bob a quitté la discussion.");
    assert_eq!(alice.lost(), ["pas reçu"]);
    assert_eq!(alice.write("trop tard"), Err(SendError::Over));
}

#[test]
fn whoever_leaves_and_never_joined_is_told_why() {
    let mut alice = Alice::new();
    alice.leave();
    while alice.session.ending().is_none() {
        alice.lose_connection();
        alice.retry();
    }
    assert!(
        alice.read.last().unwrap().starts_with("Pas de serveur à l'adresse salle-12"),
        "{:?}",
        alice.read
    );
}
