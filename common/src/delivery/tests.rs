//! Dialogues with the one opposite, line by line.

use super::*;
use crate::text::Text;

const DATE: &str = "2026-11-20T14:03:07.123+01:00";

fn address(text: &str) -> Address<'static> {
    Address::parse(text).unwrap().into_owned()
}

fn alice() -> Delivery {
    Delivery::new(address("alice/a1"))
}

/// alice, whom an earlier run has left with `count` entries delivered to bob.
fn old_alice(count: u64) -> Delivery {
    let mut bob = Person::remembered("bob".parse().unwrap(), count, count);
    bob.met.push(Met::new(address("bob/b1"), 0));
    let memory = Memory { people: vec![bob], from_earlier_run: true, ..Memory::default() };
    Delivery::remembering(address("alice/a1"), memory)
}

fn write(delivery: &mut Delivery, text: &str) -> Result<MessageId, Full> {
    delivery.write(&Content::Msg { date: DATE, text: Text::from_plain(text).unwrap() })
}

/// Feeds one line and gives what was shown for it, in short.
fn feed(delivery: &mut Delivery, line: &str) -> String {
    let frame = Frame::parse(line).unwrap();
    let shown = match delivery.handle(&frame) {
        None => String::new(),
        Some(Incoming::Joined { address, renewed: false }) => format!("joined {address}"),
        Some(Incoming::Joined { address, renewed: true }) => format!("renewed {address}"),
        Some(Incoming::Lost(address)) => format!("lost {address}"),
        Some(Incoming::Entry(Content::Msg { text, .. })) => format!("message {}", text.plain()),
        Some(Incoming::Entry(_)) => "entry".to_owned(),
        Some(Incoming::Delivered(ids)) => format!("delivered {ids:?}"),
        Some(Incoming::Other(_)) => "other".to_owned(),
        Some(Incoming::Outdated) => "outdated".to_owned(),
        Some(Incoming::Ended(address)) => format!("ended {address}"),
        Some(Incoming::KnownEnd) => "known".to_owned(),
    };
    delivery.acknowledge();
    shown
}

/// Everything it wants to send now, without the parts that are always the same.
fn sent(delivery: &mut Delivery) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(frame) = delivery.next_frame() {
        let line = String::from_utf8(Frame::Relayed(frame).to_line()).unwrap();
        lines.push(line.trim_end().replace("alice/a1 ", "").replace(&format!("{DATE} "), ""));
    }
    assert!(!delivery.has_frame());
    lines
}

/// bob sits down; what is said then.
fn meet(delivery: &mut Delivery, bob: &str, count: u64) -> Vec<String> {
    feed(delivery, &format!("present {bob}"));
    feed(delivery, &format!("recu {bob} alice/a1 {count}"));
    sent(delivery)
}

#[test]
fn what_was_never_sent_before_a_run_is_not_taken_for_delivered() {
    // bob has seen a number 1 that this copy of alice's file knows nothing of. She wrote hers while he was away.
    let mut alice = Delivery::remembering(address("alice/a1"), Memory::default());
    feed(&mut alice, "present bob/b1");
    feed(&mut alice, "absent bob/b1");
    write(&mut alice, "un").unwrap();
    let Memory { mut people, .. } = alice.memory().clone();
    let mut bob = Person::remembered("bob".parse().unwrap(), people[0].last, people[0].may_be_sent);
    (bob.met, bob.kept) = (take(&mut people[0].met), take(&mut people[0].kept));
    let memory = Memory { people: vec![bob], last_id: 1, from_earlier_run: true, ..Memory::default() };
    let mut alice = Delivery::remembering(address("alice/a1"), memory);
    feed(&mut alice, "present bob/b1");
    assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 1"), "outdated");
}

#[test]
fn what_may_be_sent_is_kept_before_it_is() {
    let mut alice = Delivery::remembering(address("alice/a1"), Memory::default());
    let sending = |alice: &mut Delivery| {
        let changes = alice.take_changes();
        changes.iter().find_map(|it| if let Change::Sending(_, number) = it { Some(*number) } else { None })
    };
    write(&mut alice, "un").unwrap();
    feed(&mut alice, "present bob/b1");
    write(&mut alice, "deux").unwrap();
    assert_eq!(sending(&mut alice), None);
    feed(&mut alice, "recu bob/b1 alice/a1 0");
    assert_eq!(sending(&mut alice), Some(2));
    write(&mut alice, "trois").unwrap();
    assert_eq!(sending(&mut alice), Some(3));
    feed(&mut alice, "absent bob/b1");
    write(&mut alice, "quatre").unwrap();
    feed(&mut alice, "present bob/b1");
    assert_eq!(sending(&mut alice), None);
    // By hand, one says nothing.
    alice.stop_waiting_for_count();
    assert_eq!(sending(&mut alice), Some(4));
}

#[test]
fn messages_wait_for_the_first_to_come() {
    let mut alice = alice();
    write(&mut alice, "un").unwrap();
    write(&mut alice, "deux").unwrap();
    assert!(sent(&mut alice).is_empty());
    assert_eq!(feed(&mut alice, "present bob/b1"), "joined bob/b1");
    assert_eq!(sent(&mut alice), ["recu bob/b1 0", "debut bob/b1 1"], "nothing before his count is known");
    feed(&mut alice, "recu bob/b1 alice/a1 0");
    assert_eq!(sent(&mut alice), ["msg bob/b1 1 un", "msg bob/b1 2 deux"]);
    write(&mut alice, "trois").unwrap();
    assert_eq!(sent(&mut alice), ["msg bob/b1 3 trois"]);
    assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 2"), "delivered [1, 2]");
    assert!(!alice.all_delivered() && !alice.peer_has_everything());
    assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 3"), "delivered [3]");
    assert!(alice.all_delivered() && alice.peer_has_everything());
}

#[test]
fn who_never_says_what_he_has_shown_is_sent_everything_after_a_while() {
    let mut alice = alice();
    write(&mut alice, "un").unwrap();
    feed(&mut alice, "present bob/b1");
    assert!(alice.awaits_count() && !alice.is_acknowledged());
    alice.stop_waiting_for_count();
    assert!(!alice.awaits_count() && !alice.is_acknowledged());
    assert_eq!(sent(&mut alice).last().unwrap(), "msg bob/b1 1 un");
    assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 1"), "delivered [1]");
    assert!(alice.is_acknowledged());
}

#[test]
fn the_count_is_the_first_thing_said_even_before_the_presence_is_shown() {
    let mut alice = alice();
    let _ = alice.handle(&Frame::parse("present bob/b1").unwrap());
    assert_eq!(sent(&mut alice), ["recu bob/b1 0", "debut bob/b1 1"]);
    alice.acknowledge();
    assert!(sent(&mut alice).is_empty(), "once is enough");
}

#[test]
fn only_the_next_number_is_shown_and_each_arrival_acknowledged() {
    let mut alice = alice();
    meet(&mut alice, "bob/b1", 0);
    for (number, shown, count) in [(1, "message x", 1), (1, "", 1), (3, "", 1), (2, "message x", 2)] {
        assert_eq!(feed(&mut alice, &format!("msg bob/b1 alice/a1 {number} d x")), shown);
        assert_eq!(sent(&mut alice), [format!("recu bob/b1 {count}")]);
    }
}

#[test]
fn nothing_is_acknowledged_before_it_was_shown() {
    let mut alice = alice();
    meet(&mut alice, "bob/b1", 0);
    alice.handle(&Frame::parse("msg bob/b1 alice/a1 1 d x").unwrap());
    assert!(alice.is_showing());
    assert!(sent(&mut alice).is_empty());
    // He comes back meanwhile: what he is told is what was shown.
    alice.handle(&Frame::parse("present bob/b1").unwrap());
    assert_eq!(sent(&mut alice), ["recu bob/b1 0", "debut bob/b1 1"]);
    alice.acknowledge();
    assert!(!alice.is_showing());
    assert_eq!(sent(&mut alice), ["recu bob/b1 1"]);
}

#[test]
fn debut_raises_the_count_and_never_lowers_it() {
    let mut alice = alice();
    meet(&mut alice, "bob/b1", 0);
    feed(&mut alice, "debut bob/b1 alice/a1 5");
    assert_eq!(feed(&mut alice, "msg bob/b1 alice/a1 4 d x"), "");
    assert_eq!(feed(&mut alice, "msg bob/b1 alice/a1 5 d x"), "message x");
    for debut in [0, 1, 5, 6] {
        feed(&mut alice, &format!("debut bob/b1 alice/a1 {debut}"));
    }
    assert_eq!(feed(&mut alice, "msg bob/b1 alice/a1 6 d x"), "message x");
    assert_eq!(sent(&mut alice), ["recu bob/b1 6"]);
    feed(&mut alice, "debut bob/b1 alice/a1 9");
    alice.connection_lost();
    assert_eq!(meet(&mut alice, "bob/b1", 0)[0], "recu bob/b1 8");
}

#[test]
fn after_a_lost_connection_it_waits_for_the_count_and_sends_the_rest_again() {
    let mut alice = alice();
    meet(&mut alice, "bob/b1", 0);
    for text in ["un", "deux", "trois"] {
        write(&mut alice, text).unwrap();
    }
    assert_eq!(sent(&mut alice).len(), 3);
    alice.connection_lost();
    assert_eq!(alice.peer(), None);
    feed(&mut alice, "present bob/b1");
    write(&mut alice, "quatre").unwrap();
    assert_eq!(sent(&mut alice), ["recu bob/b1 0", "debut bob/b1 1"]);
    assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 1"), "delivered [1]");
    assert_eq!(sent(&mut alice), ["msg bob/b1 2 deux", "msg bob/b1 3 trois", "msg bob/b1 4 quatre"]);
}

#[test]
fn a_count_that_was_on_its_way_does_not_hide_a_newer_one() {
    let mut alice = alice();
    meet(&mut alice, "bob/b1", 0);
    for text in ["un", "deux", "trois"] {
        write(&mut alice, text).unwrap();
    }
    sent(&mut alice);
    alice.connection_lost();
    assert_eq!(meet(&mut alice, "bob/b1", 1)[2..], ["msg bob/b1 2 deux", "msg bob/b1 3 trois"]);
    assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 0"), "");
    assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 3"), "delivered [2, 3]");
    write(&mut alice, "quatre").unwrap();
    assert_eq!(sent(&mut alice), ["msg bob/b1 4 quatre"]);
}

#[test]
fn a_number_means_the_same_message_to_everybody_of_that_name() {
    let mut alice = alice();
    meet(&mut alice, "bob/b1", 0);
    for text in ["un", "deux", "trois"] {
        write(&mut alice, text).unwrap();
    }
    sent(&mut alice);
    feed(&mut alice, "recu bob/b1 alice/a1 1");
    assert_eq!(feed(&mut alice, "absent bob/b1"), "lost bob/b1");
    assert_eq!(feed(&mut alice, "present Bob/b2"), "renewed Bob/b2");
    assert_eq!(sent(&mut alice), ["recu Bob/b2 0", "debut Bob/b2 2"]);
    feed(&mut alice, "recu Bob/b2 alice/a1 0");
    assert_eq!(sent(&mut alice), ["msg Bob/b2 2 deux", "msg Bob/b2 3 trois"]);
    assert_eq!(feed(&mut alice, "recu Bob/b2 alice/a1 2"), "delivered [2]");
    // The old one is back. It had shown « deux » too, then lost sight of us.
    feed(&mut alice, "absent Bob/b2");
    assert_eq!(
        meet(&mut alice, "bob/b1", 2),
        ["recu bob/b1 0", "debut bob/b1 3", "msg bob/b1 3 trois"],
        "met before, at this address"
    );
}

#[test]
fn the_address_is_spelt_as_its_owner_does_now() {
    let mut alice = alice();
    meet(&mut alice, "bob/b1", 0);
    assert_eq!(feed(&mut alice, "msg bob/b1 alice/a1 1 d x"), "message x");
    assert_eq!(meet(&mut alice, "BOB/b1", 0)[0], "recu BOB/b1 1");
}

#[test]
fn what_is_kept_for_one_is_never_sent_to_another() {
    let mut alice = alice();
    meet(&mut alice, "bob/b1", 0);
    feed(&mut alice, "absent bob/b1");
    write(&mut alice, "pour bob").unwrap();
    assert_eq!(meet(&mut alice, "carol/c1", 0), ["recu carol/c1 0", "debut carol/c1 1"]);
    assert!(alice.peer_has_everything() && !alice.all_delivered());
    write(&mut alice, "pour carol").unwrap();
    assert_eq!(sent(&mut alice), ["msg carol/c1 1 pour carol"]);
    feed(&mut alice, "absent carol/c1");
    assert_eq!(meet(&mut alice, "bob/b2", 0).last().unwrap(), "msg bob/b2 1 pour bob");
}

#[test]
fn no_more_is_under_way_than_a_slow_reader_may_be_behind() {
    let mut alice = alice();
    meet(&mut alice, "bob/b1", 0);
    let text = "x".repeat(10_000);
    for _ in 0..100 {
        write(&mut alice, &text).unwrap();
    }
    let bytes = |lines: &[String]| lines.iter().map(|line| line.len() + 40).sum::<usize>();
    let first = sent(&mut alice);
    assert!(
        (MAX_UNDER_WAY_BYTES - 11_000..=MAX_UNDER_WAY_BYTES).contains(&bytes(&first)),
        "{}",
        bytes(&first)
    );
    feed(&mut alice, "recu bob/b1 alice/a1 3");
    assert_eq!(sent(&mut alice).len(), 3, "as much as was acknowledged");
    // Counted anew from each `present`, and not for one who never acknowledges.
    assert_eq!(meet(&mut alice, "bob/b1", 3).len() - 2, first.len());
    feed(&mut alice, "present bob/b1");
    alice.stop_waiting_for_count();
    assert_eq!(sent(&mut alice).len() - 2, 97);
}

#[test]
fn a_line_longer_than_all_that_may_be_under_way_would_be_sent_alone() {
    let mut alice = alice();
    meet(&mut alice, "bob/b1", 0);
    for _ in 0..5 {
        write(&mut alice, &"x".repeat(60_000)).unwrap();
    }
    assert_eq!(sent(&mut alice).len(), 4);
    feed(&mut alice, "recu bob/b1 alice/a1 4");
    assert_eq!(sent(&mut alice).len(), 1);
}

#[test]
fn a_memory_older_than_what_the_other_has_seen_draws_a_new_session() {
    let mut alice = old_alice(3);
    write(&mut alice, "neuf").unwrap();
    feed(&mut alice, "present bob/b1");
    assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 4"), "outdated");
    let key = "k2".parse().unwrap();
    alice.renew(address("alice/a2"), &key);
    assert_eq!(alice.peer(), None);
    assert!(alice.take_changes().contains(&Change::Renewed(address("alice/a2"), key)));
    feed(&mut alice, "present bob/b1");
    assert_eq!(feed(&mut alice, "recu bob/b1 alice/a2 0"), "");
    assert!(sent(&mut alice).contains(&"msg alice/a2 bob/b1 4 neuf".to_owned()));
    assert_eq!(feed(&mut alice, "recu bob/b1 alice/a2 4"), "delivered [1]");
}

#[test]
fn somebody_missing_in_an_old_copy_is_noticed_too() {
    let mut alice = old_alice(3);
    feed(&mut alice, "present carol/c1");
    assert_eq!(feed(&mut alice, "recu carol/c1 alice/a1 1"), "outdated");
    let mut fresh = Delivery::remembering(address("alice/a1"), Memory::default());
    feed(&mut fresh, "present carol/c1");
    assert_eq!(feed(&mut fresh, "recu carol/c1 alice/a1 1"), "", "never sent: a lie");
}

#[test]
fn a_count_sent_before_he_knew_of_us_is_not_yet_the_answer() {
    let mut alice = old_alice(3);
    feed(&mut alice, "present bob/b1");
    assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 2"), "");
    assert!(alice.awaits_count());
    assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 5"), "outdated");
}

#[test]
fn a_memory_that_is_up_to_date_is_trusted_once_he_has_said_so() {
    for answer in ["debut bob/b1 alice/a1 1", ""] {
        let mut alice = old_alice(3);
        assert_eq!(meet(&mut alice, "bob/b1", 3), ["recu bob/b1 0", "debut bob/b1 4"]);
        assert!(alice.awaits_count());
        if answer.is_empty() {
            // By hand, nobody sends `debut`.
            alice.stop_waiting_for_count();
        } else {
            feed(&mut alice, answer);
        }
        assert!(!alice.awaits_count());
        write(&mut alice, "neuf").unwrap();
        assert_eq!(sent(&mut alice), ["msg bob/b1 4 neuf"]);
        assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 4"), "delivered [1]");
    }
}

#[test]
fn whoever_answers_late_is_believed_once() {
    let mut alice = old_alice(3);
    feed(&mut alice, "present bob/b1");
    alice.stop_waiting_for_count();
    assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 4"), "outdated");
    let mut alice = old_alice(3);
    feed(&mut alice, "present bob/b1");
    alice.stop_waiting_for_count();
    write(&mut alice, "neuf").unwrap();
    sent(&mut alice);
    assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 3"), "");
    assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 4"), "delivered [1]");
}

#[test]
fn what_may_have_been_sent_by_an_earlier_run_may_be_acknowledged() {
    let mut alice = Delivery::remembering(address("alice/a1"), Memory::default());
    meet(&mut alice, "bob/b1", 0);
    write(&mut alice, "un").unwrap();
    let memory = Memory { from_earlier_run: true, ..alice.memory().clone() };
    let mut bob = Person::remembered("bob".parse().unwrap(), 1, 1);
    bob.met = memory.people[0].met.clone();
    bob.kept = memory.people[0].kept.clone();
    let mut alice = Delivery::remembering(address("alice/a1"), Memory { people: vec![bob], ..memory });
    feed(&mut alice, "present bob/b1");
    assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 1"), "delivered [1]");
}

#[test]
fn lies_are_ignored() {
    let mut alice = alice();
    assert_eq!(feed(&mut alice, "msg bob/b1 alice/a1 1 d x"), "", "nobody is there");
    meet(&mut alice, "bob/b1", 0);
    write(&mut alice, "un").unwrap();
    sent(&mut alice);
    for line in [
        "recu bob/b1 alice/a1 2",      // never sent
        "recu carol/c1 alice/a1 1",    // not the one opposite
        "recu bob/b1 alice/a2 1",      // not for this address
        "msg bob/b1 alice/a2 1 d x",   // not for this address
        "msg carol/c1 alice/a1 1 d x", // not the one opposite
        "msg bob/b1 alice/a1 9223372036854775807 d x",
        "debut carol/c1 alice/a1 9",
        "absent carol/c1",
        "present alice/a1",
        "bienvenue alice/a1",
    ] {
        assert_eq!(feed(&mut alice, line), "", "{line}");
    }
    assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 1"), "delivered [1]");
    assert_eq!(feed(&mut alice, "demande bob/b1 alice/a1 x"), "other");
}

#[test]
fn the_outbox_has_a_limit_and_says_so() {
    let mut alice = alice();
    let text = "x".repeat(1000);
    let mut taken = 0;
    while write(&mut alice, &text).is_ok() {
        taken += 1;
    }
    let cost = MESSAGE_OVERHEAD + text.len() + 1 + DATE.len();
    assert_eq!(taken, MAX_OUTBOX_BYTES / cost);
    assert!(!alice.has_ample_room());
    meet(&mut alice, "bob/b1", 0);
    feed(&mut alice, "recu bob/b1 alice/a1 1");
    assert!(write(&mut alice, &text).is_ok() && !alice.has_ample_room());
    for acknowledged in (0..taken / 3).step_by(100) {
        sent(&mut alice);
        feed(&mut alice, &format!("recu bob/b1 alice/a1 {acknowledged}"));
    }
    assert!(alice.has_ample_room());
}

#[test]
fn a_crowd_is_forgotten_but_nobody_for_whom_something_waits() {
    let mut alice = alice();
    meet(&mut alice, "bob/b1", 0);
    feed(&mut alice, "msg bob/b1 alice/a1 1 d x");
    for text in ["un", "deux"] {
        write(&mut alice, text).unwrap();
    }
    sent(&mut alice);
    feed(&mut alice, "recu bob/b1 alice/a1 1");
    feed(&mut alice, "absent bob/b1");
    for i in 0..2 * MAX_REMEMBERED {
        feed(&mut alice, &format!("present inconnu{i}/s"));
    }
    let met: usize = alice.memory().people.iter().map(|person| person.met.len()).sum();
    assert_eq!(met, MAX_REMEMBERED);
    assert_eq!(meet(&mut alice, "bob/b1", 1), ["recu bob/b1 1", "debut bob/b1 2", "msg bob/b1 2 deux"]);
}

#[test]
fn many_addresses_of_one_name_do_not_grow_without_bound() {
    let mut alice = alice();
    meet(&mut alice, "bob/b1", 0);
    write(&mut alice, "un").unwrap();
    for i in 0..2 * MAX_REMEMBERED {
        feed(&mut alice, &format!("present bob/x{i}"));
    }
    assert_eq!(alice.memory().people[0].met.len(), MAX_REMEMBERED);
}

#[test]
fn whoever_comes_after_somebody_was_forgotten_begins_above_his_numbers() {
    let mut alice = alice();
    meet(&mut alice, "bob/b1", 0);
    for text in ["un", "deux"] {
        write(&mut alice, text).unwrap();
    }
    sent(&mut alice);
    feed(&mut alice, "recu bob/b1 alice/a1 2");
    for i in 0..MAX_REMEMBERED {
        feed(&mut alice, &format!("present inconnu{i}/s"));
    }
    assert_eq!(alice.memory().floor, 2);
    assert_eq!(meet(&mut alice, "bob/b1", 2), ["recu bob/b1 0", "debut bob/b1 3"]);
    write(&mut alice, "trois").unwrap();
    assert_eq!(sent(&mut alice), ["msg bob/b1 3 trois"]);
}

#[test]
fn the_end_gives_up_what_was_written_in_this_run_and_what_waits_for_the_one_opposite() {
    let mut earlier = Delivery::remembering(address("alice/a1"), Memory::default());
    meet(&mut earlier, "carol/c1", 0);
    write(&mut earlier, "avant").unwrap();
    let memory = earlier.memory().clone();
    let mut alice = Delivery::remembering(address("alice/a1"), memory);
    feed(&mut alice, "present carol/c1");
    write(&mut alice, "pour carol").unwrap();
    feed(&mut alice, "present bob/b1");
    write(&mut alice, "pour bob").unwrap();
    let lost: Vec<_> = alice.lost_by_ending().map(|(_, kept)| kept.id).collect();
    assert_eq!(lost, [2, 3]);
    alice.take_changes();
    alice.end();
    assert_eq!(alice.take_changes(), [Change::Ended, Change::GivenUp(vec![2, 3])]);
    assert_eq!(alice.undelivered().count(), 1, "what an earlier run wrote for carol waits for her");
    // Behind the gap nothing is sent before what is before it was delivered.
    feed(&mut alice, "present carol/c1");
    write(&mut alice, "après").unwrap();
    feed(&mut alice, "recu carol/c1 alice/a1 0");
    assert_eq!(sent(&mut alice), ["recu carol/c1 0", "debut carol/c1 1", "msg carol/c1 1 avant"]);
    assert_eq!(feed(&mut alice, "recu carol/c1 alice/a1 1"), "delivered [1]");
    assert_eq!(sent(&mut alice), ["debut carol/c1 3", "msg carol/c1 3 après"]);
    assert_eq!(feed(&mut alice, "fin carol/c1"), "ended carol/c1");
    assert_eq!(alice.peer(), None);
}

#[test]
fn an_end_that_is_known_is_news_once_something_has_happened_since() {
    let ended = || Memory { from_earlier_run: true, knows_end: true, ..Memory::default() };
    let mut alice = Delivery::remembering(address("alice/a1"), ended());
    assert_eq!(feed(&mut alice, "fin bob/b1"), "known");
    assert_eq!(feed(&mut alice, "fin bob/b1"), "ended bob/b1");
    let mut alice = Delivery::remembering(address("alice/a1"), ended());
    feed(&mut alice, "present bob/b1");
    assert_eq!(feed(&mut alice, "fin bob/b1"), "ended bob/b1");
    alice.end();
    assert!(alice.memory().knows_end);
}

#[test]
fn giving_up_lets_go_of_what_waits_for_everybody_in_whatever_order_they_were_seen() {
    let mut alice = alice();
    for seated in ["carol/c1", "bob/b1", "carol/c1"] {
        feed(&mut alice, &format!("present {seated}"));
        write(&mut alice, "salut").unwrap();
    }
    alice.end();
    assert_eq!(alice.undelivered().count(), 0);
    assert!(alice.all_delivered());
}

#[test]
fn what_has_changed_is_told_in_order_and_only_to_who_keeps_it() {
    let mut alice = Delivery::remembering(address("alice/a1"), Memory::default());
    write(&mut alice, "un").unwrap();
    feed(&mut alice, "present bob/b1");
    feed(&mut alice, "recu bob/b1 alice/a1 0");
    sent(&mut alice);
    feed(&mut alice, "recu bob/b1 alice/a1 1");
    feed(&mut alice, "msg bob/b1 alice/a1 1 d salut toi");
    feed(&mut alice, "debut bob/b1 alice/a1 9");
    let bob: Pseudo = "bob".parse().unwrap();
    let kept = Kept { number: 0, id: 1, word: "msg".into(), rest: format!("{DATE} un") };
    let b1 = || address("bob/b1");
    assert_eq!(
        alice.take_changes(),
        [
            Change::Written(None, kept),
            Change::Seen(b1()),
            Change::Addressed(bob.clone(), 1, 1),
            Change::Sending(bob.clone(), 1),
            Change::Delivered(bob, 1),
            Change::Received(b1(), 1, "msg".into(), "d salut toi".to_owned()),
            Change::Counted(b1(), 8),
        ]
    );
    assert!(alice.is_kept());
    alice.forget_changes();
    write(&mut alice, "deux").unwrap();
    assert!(!alice.is_kept() && alice.take_changes().is_empty());
}
