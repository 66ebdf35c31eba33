//! Who wrote, showed and acknowledged what, over all runs of all clients, and what must hold of it.

/// A person; the index of a name in [`crate::world::NAMES`].
pub(crate) type Person = usize;

/// One run of one person's client; an index into [`Ledger::runs`].
pub(crate) type RunId = usize;

/// What one run has shown of another's messages: everything for its person from `first` to `last`.
struct Shown {
    source: RunId,
    last: u64,
    /// The highest that was shown when the run acknowledged.
    acknowledged: u64,
}

struct History {
    person: Person,
    /// Whom message 1, 2, 3 … belongs to; `None` as long as nobody has come.
    written: Vec<Option<Person>>,
    /// The last one who was present.
    correspondent: Option<Person>,
    delivered: Vec<bool>,
    shown: Vec<Shown>,
}

/// The book that the clients of one schedule are checked against.
#[derive(Default)]
pub(crate) struct Ledger {
    runs: Vec<History>,
}

impl Ledger {
    pub(crate) fn start_run(&mut self, person: Person) -> RunId {
        self.runs.push(History {
            person,
            written: Vec::new(),
            correspondent: None,
            delivered: Vec::new(),
            shown: Vec::new(),
        });
        self.runs.len() - 1
    }

    /// The number that the run's next message will have.
    pub(crate) fn next_id(&self, run: RunId) -> u64 {
        self.runs[run].written.len() as u64 + 1
    }

    pub(crate) fn wrote(&mut self, run: RunId) {
        let history = &mut self.runs[run];
        history.written.push(history.correspondent);
        history.delivered.push(false);
    }

    /// The run has learned that `person` is seated opposite.
    pub(crate) fn joined(&mut self, run: RunId, person: Person) {
        let history = &mut self.runs[run];
        history.correspondent = Some(person);
        for recipient in &mut history.written {
            recipient.get_or_insert(person);
        }
    }

    /// A run shows a message: it must be its person's, and follow the one before it.
    pub(crate) fn show(&mut self, run: RunId, source: RunId, id: u64) {
        let person = self.runs[run].person;
        assert_eq!(
            self.recipient(source, id),
            Some(person),
            "message {id} of run {source} shown by run {run}"
        );
        let before = self.last_for(source, person, id - 1);
        match self.runs[run].shown.iter_mut().find(|shown| shown.source == source) {
            Some(shown) => {
                assert_eq!(shown.last, before, "run {run} shows {id} of run {source}, out of turn");
                shown.last = id;
            }
            None => {
                let acknowledged = self.acknowledged(source, person);
                assert!(
                    before <= acknowledged,
                    "run {run} begins with {id} of run {source}, though only {acknowledged} was acknowledged"
                );
                self.runs[run].shown.push(Shown { source, last: id, acknowledged: 0 });
            }
        }
    }

    /// The run acknowledges everything it has shown.
    pub(crate) fn acknowledge(&mut self, run: RunId) {
        for shown in &mut self.runs[run].shown {
            shown.acknowledged = shown.last;
        }
    }

    /// A run is told that its message has reached the other's screen, which must be true.
    pub(crate) fn delivered(&mut self, source: RunId, id: u64) {
        let recipient = self.recipient(source, id).expect("delivered, so somebody was there");
        assert!(
            id <= self.acknowledged(source, recipient),
            "message {id} of run {source} counts as delivered and was not acknowledged"
        );
        let delivered = &mut self.runs[source].delivered[id as usize - 1];
        assert!(!*delivered, "message {id} of run {source} delivered twice");
        *delivered = true;
    }

    /// What the run's outbox must hold: the messages not yet delivered, ordered by number.
    pub(crate) fn undelivered(&self, run: RunId) -> Vec<(u64, Option<Person>)> {
        let history = &self.runs[run];
        let kept = (1..).zip(&history.written).zip(&history.delivered).filter(|(_, delivered)| !**delivered);
        kept.map(|((id, recipient), _)| (id, *recipient)).collect()
    }

    /// All is quiet and both are there: `run` has shown all that `source` wrote for its person, what an earlier
    /// run of that person has acknowledged excepted.
    pub(crate) fn check_complete(&self, source: RunId, run: RunId) {
        let person = self.runs[run].person;
        let last = self.last_for(source, person, self.runs[source].written.len() as u64);
        let shown = self.runs[run].shown.iter().find(|shown| shown.source == source).map_or(0, |s| s.last);
        let acknowledged = self.acknowledged(source, person);
        assert!(
            last <= shown.max(acknowledged),
            "run {source} wrote up to {last}; run {run} has shown {shown}, {acknowledged} was acknowledged"
        );
    }

    fn recipient(&self, source: RunId, id: u64) -> Option<Person> {
        self.runs[source].written[id as usize - 1]
    }

    /// The last message up to `id` that `source` wrote for `person`; 0 for none.
    fn last_for(&self, source: RunId, person: Person, id: u64) -> u64 {
        (1..=id).rev().find(|id| self.recipient(source, *id) == Some(person)).unwrap_or(0)
    }

    /// Up to which message of `source` the runs of `person` have acknowledged. Since each shows them in order and
    /// begins at most one behind what was acknowledged before, nothing is left out below it.
    fn acknowledged(&self, source: RunId, person: Person) -> u64 {
        let runs = self.runs.iter().filter(|history| history.person == person);
        let shown = runs.flat_map(|history| &history.shown).filter(|shown| shown.source == source);
        shown.map(|shown| shown.acknowledged).max().unwrap_or(0)
    }
}
