//! Reading what was offered and writing what was accepted: [`Disk`]. Nothing else in this program touches the files
//! that people send each other.
//!
//! Only regular files are read, and only while their size and time of change are those of the offer. What is received
//! goes to a file that this program has created; the final name is created too, never taken from another file.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use common::frame::FileHash;
use common::text::{harmless, readable_size};
use sha2::{Digest, Sha256};

use super::{Done, FileId, Job, Source, Target, name};
use crate::event::cause;

/// How much is read at once to be hashed.
const HASH_BYTES: usize = 128 * 1024;
/// What the name of a file that is not complete ends in.
const PARTIAL_ENDING: &str = ".partiel";

/// What is wrong with a file or its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileTrouble {
    /// It is a folder.
    Folder,
    /// It is a device, a pipe or the like.
    Special,
    /// It is not any more what was offered.
    Changed,
    /// It does not fit.
    NoRoom {
        /// How many bytes it takes.
        needed: u64,
        /// How many there are.
        free: u64,
    },
    /// There is no such folder to receive it in.
    NoFolder(PathBuf),
    /// What was received of it has been moved or deleted.
    Gone,
    /// What was received is not what was offered.
    Corrupt,
    /// What the system says, in French.
    System(String),
}

impl fmt::Display for FileTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileTrouble::Folder => {
                f.write_str("c'est un dossier ; faites-en une archive (.zip) et envoyez-la")
            }
            FileTrouble::Special => f.write_str("ce n'est pas un fichier ordinaire"),
            FileTrouble::Changed => f.write_str("il a été modifié depuis qu'il a été proposé"),
            FileTrouble::NoRoom { needed, free } => write!(
                f,
                "il n'y a pas assez de place sur le disque : il faut {}, il reste {}",
                readable_size(*needed),
                readable_size(*free)
            ),
            FileTrouble::NoFolder(folder) => {
                write!(f, "le dossier {} n'existe pas", harmless(&folder.to_string_lossy()))
            }
            FileTrouble::Gone => f.write_str("ce qui en était reçu a été déplacé ou supprimé"),
            FileTrouble::Corrupt => f.write_str("ce qui est arrivé n'est pas ce qui a été proposé"),
            FileTrouble::System(cause) => f.write_str(cause),
        }
    }
}

impl std::error::Error for FileTrouble {}

impl From<io::Error> for FileTrouble {
    fn from(error: io::Error) -> Self {
        FileTrouble::System(cause(&error))
    }
}

/// Does [`Job`]s, in two threads: one for what takes long, looking at a whole file, and one for the rest.
#[derive(Debug)]
pub struct Disk {
    long: Sender<Order>,
    short: Sender<Order>,
}

/// The threads, before they run.
#[derive(Debug)]
pub struct Workers {
    long: Receiver<Order>,
    short: Receiver<Order>,
}

#[derive(Debug)]
enum Order {
    Do(Job),
    /// To say that all before is done.
    Tell(Sender<()>),
}

impl Disk {
    /// What takes the jobs, and what does them.
    pub fn new() -> (Disk, Workers) {
        let ((long, long_orders), (short, short_orders)) = (mpsc::channel(), mpsc::channel());
        (Disk { long, short }, Workers { long: long_orders, short: short_orders })
    }

    /// Has a job done.
    pub fn submit(&self, job: Job) {
        let thread = match job {
            // What is there already is hashed.
            Job::Hash(..) | Job::Begin(_, Target { partial: Some(_), .. }) => &self.long,
            _ => &self.short,
        };
        // The threads last as long as this.
        let _ = thread.send(Order::Do(job));
    }

    /// Waits until what takes no long time is done.
    pub fn wait(&self) {
        let (told, done) = mpsc::channel();
        let _ = self.short.send(Order::Tell(told));
        // Nothing is ever sent by a thread that could not start.
        let _ = done.recv();
    }
}

impl Workers {
    /// Starts the threads, which tell what became of each job; they end with the [`Disk`].
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(self, report: impl Fn(Done) + Clone + Send + 'static) -> io::Result<()> {
        let partials = Partials::default();
        for (name, orders) in [("empreintes", self.long), ("fichiers", self.short)] {
            let (partials, report) = (Arc::clone(&partials), report.clone());
            let work = move || work(&orders, &partials, &report);
            thread::Builder::new().name(name.to_owned()).spawn(work)?;
        }
        Ok(())
    }
}

/// What is being received.
type Partials = Arc<Mutex<HashMap<FileId, Partial>>>;

fn work(orders: &Receiver<Order>, partials: &Partials, report: &impl Fn(Done)) {
    for order in orders {
        match order {
            Order::Do(job) => run(job, partials).map_or((), report),
            Order::Tell(told) => told.send(()).unwrap_or_default(),
        }
    }
}

/// What became of a job, if anybody is to know.
fn run(job: Job, partials: &Mutex<HashMap<FileId, Partial>>) -> Option<Done> {
    let partials = || partials.lock().unwrap_or_else(PoisonError::into_inner);
    Some(match job {
        Job::Hash(id, path) => Done::Hashed(id, hash(&path)),
        Job::Read(id, source, position, length) => Done::Read(id, position, read(&source, position, length)),
        Job::Begin(id, target) => {
            let begun = Partial::begin(target).map(|partial| {
                let begun = (partial.length, partial.path.clone());
                partials().insert(id, partial);
                begun
            });
            Done::Begun(id, begun)
        }
        Job::Write(id, position, bytes) => {
            let mut partials = partials();
            // What comes behind a failure has no place any more.
            let partial = partials.get_mut(&id).filter(|partial| partial.length == position)?;
            let written = partial.write(&bytes).map_err(FileTrouble::from);
            if written.is_err() {
                partials.remove(&id);
            }
            Done::Written(id, written.map(|()| bytes.len()))
        }
        Job::Finish(id) => {
            let partial = partials().remove(&id)?;
            Done::Finished(id, partial.finish())
        }
        Job::Discard(id, path) => {
            let partial = partials().remove(&id);
            if let Some(path) = partial.map(|partial| partial.path).or(path) {
                discard(&path);
            }
            return None;
        }
    })
}

/// Opens a file that is to be read.
fn open(path: &Path) -> Result<(File, Source), FileTrouble> {
    // Before it is opened: a pipe would hold that up.
    check_kind(path)?;
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let source = Source { path: path.to_owned(), size: metadata.len(), modified: metadata.modified()? };
    Ok((file, source))
}

fn check_kind(path: &Path) -> Result<(), FileTrouble> {
    let kind = fs::metadata(path)?.file_type();
    match () {
        () if kind.is_file() => Ok(()),
        () if kind.is_dir() => Err(FileTrouble::Folder),
        () => Err(FileTrouble::Special),
    }
}

fn hash(path: &Path) -> Result<(Source, FileHash), FileTrouble> {
    let path = std::path::absolute(path)?;
    let (mut file, source) = open(&path)?;
    let mut hasher = Sha256::new();
    let length = hash_rest(&mut file, &mut hasher)?;
    if length != source.size || open(&path)?.1 != source {
        return Err(FileTrouble::Changed);
    }
    Ok((source, FileHash(hasher.finalize().into())))
}

/// How many bytes there were.
fn hash_rest(file: &mut File, hasher: &mut Sha256) -> io::Result<u64> {
    let mut buffer = vec![0; HASH_BYTES];
    let mut length = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(length),
            Ok(count) => {
                hasher.update(&buffer[..count]);
                length += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn read(source: &Source, position: u64, length: usize) -> Result<Vec<u8>, FileTrouble> {
    let (mut file, now) = open(&source.path)?;
    if now != *source {
        return Err(FileTrouble::Changed);
    }
    file.seek(SeekFrom::Start(position))?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A file of which a part is there.
#[derive(Debug)]
struct Partial {
    path: PathBuf,
    file: File,
    /// Of what is there.
    hasher: Sha256,
    /// Of what is there.
    length: u64,
    name: String,
    hash: FileHash,
}

impl Partial {
    fn begin(target: Target) -> Result<Self, FileTrouble> {
        let Target { name, size, hash, folder, partial } = target;
        let there = |path: &PathBuf| fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file);
        let begun =
            partial.and_then(|path| Some((there(&path)?.len(), path))).filter(|(length, _)| *length <= size);
        let folder = match begun.as_ref().and_then(|(_, path)| path.parent()) {
            Some(folder) => folder.to_owned(),
            None => std::path::absolute(folder)?,
        };
        if !folder.is_dir() {
            return Err(FileTrouble::NoFolder(folder));
        }
        let needed = size - begun.as_ref().map_or(0, |(length, _)| *length);
        // Where the system does not say, writing will show.
        if let Ok(free) = fs4::available_space(&folder)
            && free < needed
        {
            return Err(FileTrouble::NoRoom { needed, free });
        }
        let (path, mut file) = match begun {
            Some((_, path)) => (path.clone(), OpenOptions::new().read(true).append(true).open(path)?),
            None => create_partial(&folder, &name)?,
        };
        let mut hasher = Sha256::new();
        let length = hash_rest(&mut file, &mut hasher)?;
        Ok(Partial { path, file, hasher, length, name, hash })
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Checks it, and gives it its name.
    fn finish(self) -> Result<PathBuf, FileTrouble> {
        if FileHash(self.hasher.clone().finalize().into()) != self.hash {
            discard(&self.path);
            return Err(FileTrouble::Corrupt);
        }
        // The sender hears that it is here: so it must be, whatever happens to this machine.
        self.file.sync_all()?;
        for name in name::numbered(&self.name) {
            let path = self.folder().join(name);
            match move_to_new(&self.path, &path) {
                Ok(()) => return Ok(path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(FileTrouble::Gone),
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::Error::from(io::ErrorKind::AlreadyExists).into())
    }
}

/// A new file beside where the complete one shall be.
fn create_partial(folder: &Path, name: &str) -> io::Result<(PathBuf, File)> {
    for name in name::numbered(name) {
        let path = folder.join(name + PARTIAL_ENDING);
        match OpenOptions::new().read(true).append(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Gives a file another name, if nothing has that name.
fn move_to_new(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // There are none on this disk. A new file may be replaced: it is ours.
        Err(_) => {
            File::create_new(to)?;
            fs::rename(from, to).inspect_err(|_| discard(to))
        }
    }
}

fn discard(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        log::warn!("« {} » n'a pas pu être supprimé : {}", path.display(), cause(&error));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn folder() -> TempDir {
        TempDir::new().unwrap()
    }

    fn sha(bytes: &[u8]) -> FileHash {
        FileHash(Sha256::digest(bytes).into())
    }

    /// A file to be received, where a part of it is or else in a folder.
    fn target(name: &str, content: &[u8], place: Place) -> Target {
        let (folder, partial) = match place {
            Place::Folder(folder) => (folder, None),
            Place::Partial(path) => (path.parent().unwrap().to_owned(), Some(path)),
        };
        Target { name: name.to_owned(), size: content.len() as u64, hash: sha(content), folder, partial }
    }

    enum Place {
        Folder(PathBuf),
        Partial(PathBuf),
    }

    fn into(folder: &TempDir) -> Place {
        Place::Folder(folder.path().to_owned())
    }

    /// Receives all of a file; its name.
    fn receive(name: &str, content: &[u8], place: Place) -> Result<String, FileTrouble> {
        let mut partial = Partial::begin(target(name, content, place))?;
        partial.write(&content[partial.length as usize..])?;
        let path = partial.finish()?;
        assert_eq!(fs::read(&path).unwrap(), content);
        Ok(path.file_name().unwrap().to_str().unwrap().to_owned())
    }

    fn names(folder: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[cfg(unix)]
    #[test]
    fn a_large_file_that_is_being_looked_at_holds_up_no_reception() {
        let folder = folder();
        let (disk, workers) = Disk::new();
        let (done, result) = mpsc::channel();
        workers.start(move |what| drop(done.send(what))).unwrap();
        // As large as can be, and takes no room.
        let large = folder.path().join("large");
        File::create(&large).unwrap().set_len(1 << 40).unwrap();
        disk.submit(Job::Hash(1, large));
        disk.submit(Job::Begin(2, target("a.txt", b"abc", into(&folder))));
        assert!(matches!(result.recv().unwrap(), Done::Begun(2, Ok(_))));
    }

    #[test]
    fn a_received_file_never_takes_the_place_of_another() {
        let folder = folder();
        fs::write(folder.path().join("a.txt"), "mine").unwrap();
        fs::create_dir(folder.path().join("a (2).txt")).unwrap();
        assert_eq!(receive("a.txt", b"his", into(&folder)).unwrap(), "a (3).txt");
        assert_eq!(fs::read(folder.path().join("a.txt")).unwrap(), b"mine");
        assert_eq!(names(&folder), ["a (2).txt", "a (3).txt", "a.txt"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_nowhere() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let (folder, elsewhere) = (folder(), folder());
        let victim = elsewhere.path().join("victim");
        fs::write(&victim, "h").unwrap();
        symlink(&victim, folder.path().join("a.txt")).unwrap();
        symlink(&victim, folder.path().join("a.txt.partiel")).unwrap();
        assert_eq!(receive("a.txt", b"his", into(&folder)).unwrap(), "a (2).txt");
        // What was begun has become a link meanwhile.
        let begun = folder.path().join("a.txt.partiel");
        assert_eq!(receive("a.txt", b"his", Place::Partial(begun)).unwrap(), "a (3).txt");
        assert_eq!(fs::read(&victim).unwrap(), b"h");
        let mode = fs::metadata(folder.path().join("a (2).txt")).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0, "executable");
    }

    // Windows does not let go of a file that is open.
    #[cfg(unix)]
    #[test]
    fn what_has_gone_in_between_leaves_nothing_that_looks_whole() {
        let (folder, other) = (folder(), folder());
        let mut partial = Partial::begin(target("a.txt", b"his", into(&folder))).unwrap();
        partial.write(b"his").unwrap();
        let path = partial.path.clone();
        fs::remove_file(&path).unwrap();
        assert_eq!(partial.finish(), Err(FileTrouble::Gone));
        assert_eq!(names(&folder), [""; 0]);
        // It begins anew, where it is wanted now.
        let anew =
            Target { folder: other.path().to_owned(), ..target("a.txt", b"his", Place::Partial(path)) };
        let path = Partial::begin(anew).unwrap().path;
        assert_eq!(path.parent(), Some(other.path()));
    }

    #[test]
    fn what_is_not_complete_has_another_name_and_goes_on() {
        let folder = folder();
        let content = vec![7; 300_000];
        let mut partial = Partial::begin(target("a.txt", &content, into(&folder))).unwrap();
        partial.write(&content[..200_000]).unwrap();
        let path = partial.path.clone();
        drop(partial);
        assert_eq!(names(&folder), ["a.txt.partiel"]);
        let partial = Partial::begin(target("a.txt", &content, Place::Partial(path.clone()))).unwrap();
        assert_eq!(partial.length, 200_000);
        drop(partial);
        assert_eq!(receive("a.txt", &content, Place::Partial(path.clone())).unwrap(), "a.txt");
        // It is gone, or longer than it may be: from the beginning.
        assert_eq!(receive("a.txt", &content, Place::Partial(path.clone())).unwrap(), "a (2).txt");
        fs::write(&path, "too long").unwrap();
        assert_eq!(receive("b.txt", b"short", Place::Partial(path)).unwrap(), "b.txt");
    }

    #[test]
    fn what_is_not_what_was_offered_is_deleted() {
        let folder = folder();
        let mut partial = Partial::begin(target("a.txt", b"offered", into(&folder))).unwrap();
        partial.write(b"another").unwrap();
        assert_eq!(partial.finish(), Err(FileTrouble::Corrupt));
        assert_eq!(names(&folder), [""; 0]);
    }

    #[test]
    fn what_cannot_be_kept_is_said_before_it_begins() {
        let folder = folder();
        let huge = Target { size: (1 << 63) - 1, ..target("a.txt", b"", into(&folder)) };
        let Err(trouble) = Partial::begin(huge) else { panic!("no disk is that large") };
        assert!(trouble.to_string().contains("il faut 9,2 Eo, il reste "), "{trouble}");
        assert_eq!(names(&folder), [""; 0]);
        let missing = Place::Folder(folder.path().join("missing"));
        assert!(matches!(receive("a.txt", b"x", missing), Err(FileTrouble::NoFolder(_))));
    }

    #[test]
    fn a_file_is_read_only_as_it_was_offered() {
        let folder = folder();
        let path = folder.path().join("a.txt");
        fs::write(&path, "abcdef").unwrap();
        let (source, digest) = hash(&path).unwrap();
        assert_eq!(digest, sha(b"abcdef"));
        assert_eq!(read(&source, 2, 3).unwrap(), b"cde");
        let touch = |seconds| {
            let time = source.modified + std::time::Duration::from_secs(seconds);
            File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        };
        touch(1);
        assert_eq!(read(&source, 2, 3), Err(FileTrouble::Changed));
        touch(0);
        assert_eq!(read(&source, 2, 3).unwrap(), b"cde");
        fs::write(&path, "abcdefg").unwrap();
        touch(0);
        assert_eq!(read(&source, 2, 3), Err(FileTrouble::Changed));
        fs::remove_file(&path).unwrap();
        assert!(matches!(read(&source, 2, 3), Err(FileTrouble::System(_))));
        fs::create_dir(&path).unwrap();
        assert_eq!(read(&source, 2, 3), Err(FileTrouble::Folder));
    }

    #[test]
    fn only_regular_files_are_offered() {
        let folder = folder();
        assert_eq!(hash(folder.path()), Err(FileTrouble::Folder));
        assert!(matches!(hash(&folder.path().join("missing")), Err(FileTrouble::System(_))));
        #[cfg(unix)]
        assert_eq!(hash(Path::new("/dev/zero")), Err(FileTrouble::Special));
    }

    #[test]
    fn what_comes_behind_a_failure_is_not_written() {
        let folder = folder();
        let partials = Partials::default();
        let target = target("a.txt", b"abcdef", into(&folder));
        let Some(Done::Begun(1, Ok((0, path)))) = run(Job::Begin(1, target), &partials) else { panic!() };
        assert_eq!(run(Job::Write(1, 3, b"def".to_vec()), &partials), None);
        assert_eq!(run(Job::Write(1, 0, b"abc".to_vec()), &partials), Some(Done::Written(1, Ok(3))));
        assert_eq!(fs::read(&path).unwrap(), b"abc");
        assert_eq!(run(Job::Discard(1, Some(path)), &partials), None);
        assert_eq!(run(Job::Write(1, 3, b"def".to_vec()), &partials), None);
        assert_eq!(names(&folder), [""; 0]);
    }
}
